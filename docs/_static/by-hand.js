// Draws what docs/_extensions/by_hand.py remembered: one number of a computation after the other.
"use strict";

const digits = (number) => String(Math.round(number * 1e4) / 1e4).replace("-", "\u2212");

function element(kind, attributes = {}, text = "") {
  const svg = ["svg", "line", "circle", "rect", "text"].includes(kind);
  const made = svg
    ? document.createElementNS("http://www.w3.org/2000/svg", kind)
    : document.createElement(kind);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.textContent = text;
  return made;
}

// The numbers after some steps, by name and index: {"W1": 2-D array, "z1": ...}.
function numbersAfter(data, count) {
  const numbers = structuredClone(data.start);
  for (const step of data.steps.slice(0, count)) {
    let list = (numbers[step.name] ??= []);
    for (const i of step.index.slice(0, -1)) list = list[i] ??= [];
    list[step.index.at(-1)] = step.value;
  }
  return numbers;
}

const isLast = (step, name, ...index) =>
  step && step.name === name && String(step.index) === String(index);

function drawNetwork(svg, numbers, step) {
  svg.setAttribute("viewBox", "0 0 640 400");
  const places = { x: [[60, 100], [60, 300]], h: [[320, 100], [320, 300]], o: [[580, 200]] };
  const write = (x, y, label, name, ...index) => {
    let value = numbers[name];
    for (const i of index) value = value?.[i];
    if (value === undefined) return;
    const kind = name.startsWith("d") ? "gradient" : "number";
    const last = isLast(step, name, ...index) ? " last" : "";
    svg.append(element("text", { x, y, class: kind + last }, `${label} ${digits(value)}`.trim()));
  };
  const edge = (from, to, at, layer, i, o) => {
    svg.append(element("line", { x1: from[0], y1: from[1], x2: to[0], y2: to[1] }));
    const x = from[0] + at * (to[0] - from[0]);
    const y = from[1] + at * (to[1] - from[1]);
    const known = numbers["dW" + layer]?.[i]?.[o] !== undefined;
    const [width, height] = known ? [74, 34] : [44, 18];
    const paper = { x: x - width / 2, y: y - 17, width, height, class: "paper" };
    svg.append(element("rect", paper));
    write(x, y - 3, "", "W" + layer, i, o);
    write(x, y + 12, "d", "dW" + layer, i, o);
  };
  for (const [i, from] of places.x.entries())
    for (const [o, to] of places.h.entries()) edge(from, to, i === o ? 0.5 : 0.27, 1, i, o);
  for (const [i, from] of places.h.entries()) edge(from, places.o[0], 0.5, 2, i, 0);
  for (const nodes of Object.values(places))
    for (const [cx, cy] of nodes) svg.append(element("circle", { cx, cy, r: 26 }));
  for (const [i, [x, y]] of places.x.entries()) write(x, y + 5, "", "x", 0, i);
  for (const [layer, nodes] of [[1, places.h], [2, places.o]])
    for (const [o, [x, y]] of nodes.entries()) {
      write(x, y + 5, "", "a" + layer, 0, o);
      write(x, y - 48, "b", "b" + layer, o);
      write(x, y - 33, "db", "db" + layer, o);
      write(x, y + 42, "z", "z" + layer, 0, o);
      write(x, y + 57, "da", "da" + layer, 0, o);
      write(x, y + 72, "dz", "dz" + layer, 0, o);
    }
  write(580, 120, "y", "y", 0);
}

function drawConvolution(svg, numbers, step) {
  svg.setAttribute("viewBox", "0 0 640 300");
  const cell = 40;
  const grid = (left, top, title, name, rows, marked, strong) => {
    svg.append(element("text", { x: left + (rows * cell) / 2, y: top - 10 }, title));
    for (let y = 0; y < rows; y++)
      for (let x = 0; x < rows; x++) {
        const kind = strong(y, x) ? "strong" : marked(y, x) ? "marked" : "paper";
        const place = { x: left + x * cell, y: top + y * cell };
        svg.append(element("rect", { ...place, width: cell, height: cell, class: "cell " + kind }));
        const value = numbers[name]?.[y]?.[x];
        if (value !== undefined)
          svg.append(element("text", { x: place.x + 20, y: place.y + 25 }, digits(value)));
      }
  };
  const at = step?.at;
  const within = (y, x) => at && y >= at.y && y < at.y + 3 && x >= at.x && x < at.x + 3;
  const tap = at && at.ky !== undefined;
  grid(20, 60, "image", "image", 5, within, (y, x) => tap && y === at.y + at.ky && x === at.x + at.kx);
  grid(270, 100, "kernel", "kernel", 3, () => false, (y, x) => tap && y === at.ky && x === at.kx);
  grid(480, 100, "out", "out", 3, () => false, (y, x) => at && y === at.y && x === at.x);
}

function showCode(panel, data, step) {
  panel.replaceChildren();
  if (!step) return;
  for (const [number, line] of data.functions[step.function])
    panel.append(element("span", { class: number === step.line ? "line now" : "line" }, line + "\n"));
}

function start(page) {
  const data = JSON.parse(page.querySelector("script").textContent);
  const draw = { network: drawNetwork, convolution: drawConvolution }[data.kind];
  const title = element("p", { class: "title" });
  const svg = element("svg", { role: "img" });
  const arithmetic = element("p", { class: "arithmetic" });
  const code = element("pre");
  const slider = element("input", { type: "range", min: 0, max: data.steps.length, "aria-label": "step" });
  const buttons = element("div", { class: "buttons" });
  let count = 0;

  const show = (next) => {
    count = Math.max(0, Math.min(data.steps.length, next));
    const step = data.steps[count - 1];
    svg.replaceChildren();
    draw(svg, numbersAfter(data, count), step);
    showCode(code, data, step);
    title.textContent = `${count} of ${data.steps.length}. ${step ? step.title : "At the start"}`;
    arithmetic.textContent = step
      ? `${step.name}[${step.index.join("][")}] = ${step.arithmetic} = ${digits(step.value)}`
      : "Press Next.";
    slider.value = count;
    page.dataset.step = count;
  };
  const nextPart = () => {
    const now = data.steps[count]?.title;
    let next = count;
    while (next < data.steps.length && data.steps[next].title === now) next++;
    show(next);
  };
  for (const [label, action] of [
    ["Start", () => show(0)],
    ["Back", () => show(count - 1)],
    ["Next", () => show(count + 1)],
    ["Next part", nextPart],
  ]) {
    const button = element("button", { type: "button" }, label);
    button.addEventListener("click", action);
    buttons.append(button);
  }
  slider.addEventListener("input", () => show(Number(slider.value)));
  const side = element("div");
  side.append(arithmetic, code);
  const both = element("div", { class: "beside" });
  both.append(svg, side);
  page.append(title, buttons, slider, both);
  show(0);
}

document.querySelectorAll(".by-hand").forEach(start);
