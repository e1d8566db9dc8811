"""The raw tables in Apache Iceberg, for the engine ``spark``: one commit replaces the days of a
package, and its snapshot carries their ledger rows."""
