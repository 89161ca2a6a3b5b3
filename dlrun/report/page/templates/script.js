"use strict";
// Nothing here makes the page: it reads out epochs, hides lines, and changes the colours. Without it all is shown.
for (const figure of document.querySelectorAll("figure.curve")) {
  const reading = JSON.parse(figure.querySelector("script").textContent);
  const svg = figure.querySelector("svg"), slider = figure.querySelector("input"), output = figure.querySelector("output");
  const number = figure.querySelector("label b");
  const cursor = svg.appendChild(document.createElementNS(svg.namespaceURI, "line"));
  cursor.setAttribute("class", "cursor");
  cursor.setAttribute("y1", reading.top);
  cursor.setAttribute("y2", reading.bottom);
  const first = reading.epochs[0], last = reading.epochs[reading.epochs.length - 1];
  const read = () => {
    const place = Number(slider.value), epoch = reading.epochs[place];
    const share = last > first ? (epoch - first) / (last - first) : 0;
    const x = reading.left + share * (reading.right - reading.left);
    cursor.setAttribute("x1", x);
    cursor.setAttribute("x2", x);
    const told = reading.lines.filter((line) => line.words[place]).map((line) => `${line.name} ${line.words[place]}`);
    output.textContent = told.join(told.length > 2 ? "\n" : "   ");
    number.textContent = epoch;
    slider.setAttribute("aria-valuetext", `epoch ${epoch}: ${told.join(", ")}`);
  };
  slider.addEventListener("input", read);
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * svg.viewBox.baseVal.width;
    const wanted = first + ((x - reading.left) / (reading.right - reading.left || 1)) * (last - first);
    let nearest = 0;
    reading.epochs.forEach((epoch, place) => {
      if (Math.abs(epoch - wanted) < Math.abs(reading.epochs[nearest] - wanted)) nearest = place;
    });
    slider.value = nearest;
    read();
  });
  read();
}
for (const legend of document.querySelectorAll("fieldset.legend")) {
  const figures = document.getElementById(legend.dataset.curves);
  legend.addEventListener("change", (event) => {
    figures.classList.toggle(`hide-${event.target.dataset.hide}`, !event.target.checked);
  });
}
const themes = ["system", "light", "dark"], button = document.getElementById("theme");
button.addEventListener("click", () => {
  const root = document.documentElement;
  const next = themes[(themes.indexOf(root.dataset.theme || "system") + 1) % themes.length];
  root.dataset.theme = next;
  button.textContent = `theme: ${next}`;
});
// Paper has no summaries to click: everything is opened before printing, and closed again after it.
const closed = () => [...document.querySelectorAll("details:not([open])")];
let opened = [];
window.addEventListener("beforeprint", () => { opened = closed(); opened.forEach((each) => { each.open = true; }); });
window.addEventListener("afterprint", () => { opened.forEach((each) => { each.open = false; }); });
window.addEventListener("hashchange", () => {
  const target = document.getElementById(location.hash.slice(1));
  const around = target && target.closest("details");
  if (around) around.open = true;
});
