// The page's own script; Vega is bundled before it. Text goes in as text.
const tip = document.getElementById("tip");

function show(handler, event, item, value) {
  if (!value || typeof value !== "object") {
    tip.hidden = true;
    return;
  }
  tip.replaceChildren();
  for (const [title, text] of Object.entries(value)) {
    const line = document.createElement("div");
    if (title.trim()) {
      const label = document.createElement("span");
      label.textContent = title;
      line.append(label);
    }
    const words = document.createElement(title.trim() ? "b" : "strong");
    words.textContent = text;
    line.append(words);
    tip.append(line);
  }
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  const left = Math.min(event.clientX + 14, innerWidth - box.width - 8);
  const below = event.clientY + 18 + box.height < innerHeight;
  tip.style.left = `${Math.max(8, left)}px`;
  tip.style.top = `${below ? event.clientY + 18 : event.clientY - box.height - 12}px`;
}

// Countries by their names, where the browser knows them.
for (const each of document.querySelectorAll("[data-country]")) {
  try {
    each.textContent = new Intl.DisplayNames("en", { type: "region" }).of(each.dataset.country);
  } catch {} // not a country's code: it stays as it was sent
}

const charts = JSON.parse(document.getElementById("charts").textContent);
const options = { renderer: "svg", actions: false, defaultStyle: false, hover: true, ast: true, tooltip: show };
const drawn = [...document.querySelectorAll("[data-chart]")].map((host) => vegaEmbed(host, charts[host.dataset.chart], options));
addEventListener("scroll", () => { tip.hidden = true; }, { passive: true });
Promise.all(drawn).then(() => { document.documentElement.dataset.drawn = drawn.length; });
