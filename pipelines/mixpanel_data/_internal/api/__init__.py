"""HTTP requests to Mixpanel: addresses, retries, bodies, errors, secrets."""
