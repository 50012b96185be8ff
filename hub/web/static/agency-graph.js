// Make the graph of a person larger or smaller; without this the page shows it whole and the table says the same.
const LEAST = 200;
const MOST = 2000;

for (const figure of document.querySelectorAll("[data-graph]")) {
  const drawing = figure.querySelector("svg");
  const buttons = figure.querySelector("[data-zoom]");
  buttons.hidden = false;
  buttons.addEventListener("click", (event) => {
    const by = Number(event.target.dataset.zoomBy);
    if (!by) {
      return;
    }
    const width = Math.min(MOST, Math.max(LEAST, Math.round(drawing.clientWidth * by)));
    drawing.setAttribute("width", width);
    drawing.classList.add("zoomed");
  });
}
