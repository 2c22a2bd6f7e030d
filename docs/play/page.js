// The page around the engine: controls become commands, views become numbers and drawings. A script
// in the address (#script=LINES) moves the same controls and writes what the page shows into
// #script-result. check.py compares that with the native session.
"use strict";

const element = (id) => document.getElementById(id);
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const format = (n) => n.toLocaleString("en-US");
const bytes = (n) => `${format(n)} ${n === 1 ? "byte" : "bytes"}`;

const SIZES = [
  0, 1, 10, 50, 100, 200, 400, 700, 1000, 1448, 2000, 3000, 5000, 8000, 10000, 14480, 16384, 20000, 30000, 40000,
  65536, 100000, 262144,
];
// The values of each slider, its initial value, and the format of its value.
const SLIDERS = {
  speed: [[1, 2, 4, 8, 15, 30, 60], 8, (n) => (n === 1 ? "1 turn/s" : `${n} turns/s`)],
  write: [SIZES, 2000, bytes],
  drain: [SIZES, 1448, bytes],
  capacity: [Array.from({ length: 16 }, (_, i) => (i + 1) * 16384), 65536, (n) => `${n / 1024} KiB`],
  fixed: [[64, 128, 256, 512, 1000, 1426, 2048, 4096, 8192, 16383, 16384], 4096, bytes],
};
// The wire length of a segment: 16 KiB, and what records add to it.
const SEGMENT_LEN = 16757;
const SHOWN_RECORDS = 12;
// The pixels per turn in the history, and the number of turns kept.
const STEP = 4;
const HISTORY = 300;

let engine;
let view;
let capacity;
let history = [];
let timer = 0;
// The position of the drawing between two turns, in bytes of the stream, and its target.
const shown = { drained: 0, end: 0 };
const target = { drained: 0, end: 0 };

function command(line) {
  const encoded = new TextEncoder().encode(line);
  const at = engine.input(encoded.length);
  new Uint8Array(engine.memory.buffer).set(encoded, at);
  const length = engine.run();
  const text = new TextDecoder().decode(new Uint8Array(engine.memory.buffer, engine.output(), length));
  if (text.startsWith("!")) throw new Error(`${line}: ${text.slice(1)}`);
  view = JSON.parse(text);
}

// Runs one command, then shows the new numbers.
function run(line) {
  const turn = view?.turn ?? 0;
  command(line);
  if (view.turn < turn) {
    history = [];
    target.drained = target.end = 0;
  }
  if (line === "turn") {
    history.push({ sealed: view.waiting, current: view.current, full: view.buffer_state === "Full" });
    history = history.slice(-HISTORY);
  }
  showNumbers();
}

function showNumbers() {
  const numbers = [
    "room", "waiting", "current", "memory_held", "turn", "turn_accepted", "turn_drained", "accepted", "drained",
    "drained_plaintext", "records", "key_updates",
  ];
  for (const name of numbers) element(name).textContent = format(view[name]);
  for (const [name, count] of Object.entries(view.ended)) element(`ended-${name}`).textContent = format(count);
  for (const name of ["writer_state", "buffer_state"]) element(name).textContent = view[name];
  element("refused").textContent = view.refused ?? "none";
  element("states").dataset.buffer = view.buffer_state;
  const [gone, content] = [view.drained, view.drained_plaintext];
  // A partly sent record does not count as drained plaintext yet.
  const part = view.buffer.reduce((sum, record) => sum + record[4], 0);
  const whole = gone - part;
  element("overhead").textContent = whole > 0 ? `${(((whole - content) / whole) * 100).toFixed(1)} %` : "–";
  fillTable("buffer-table", view.buffer.slice(0, SHOWN_RECORDS));
  const more = view.buffer.length - SHOWN_RECORDS;
  element("buffer-more").textContent = more > 0 ? `and ${format(more)} more` : "";
  fillTable("left-table", view.left.toReversed());
}

function fillTable(id, records) {
  const rows = records.map((record) => {
    const row = document.createElement("tr");
    for (const cell of record) {
      row.insertCell().textContent = typeof cell === "number" ? format(cell) : cell;
    }
    return row;
  });
  element(id).tBodies[0].replaceChildren(...rows);
}

// Drawing

const color = (id) => getComputedStyle(element(`c-${id}`)).backgroundColor;

function prepare(id) {
  const canvas = element(id);
  const [width, height, ratio] = [canvas.clientWidth, canvas.clientHeight, devicePixelRatio || 1];
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  context.font = getComputedStyle(document.body).font.replace(/\d+px/, "13px");
  context.textBaseline = "middle";
  return [context, width, height];
}

const bufferLen = () => Math.ceil(capacity / 16384) * SEGMENT_LEN;
const streamEnd = () => view.drained + view.waiting + view.current;

function draw() {
  drawBuffer();
  drawHistory();
}

// The stream runs to the right: its oldest bytes are next to the transport.
function drawBuffer() {
  const [context, width, height] = prepare("buffer");
  const free = getComputedStyle(element("c-free"));
  const quiet = getComputedStyle(element("buffer").nextElementSibling).color;
  const [top, bottom] = [10, height - 34];
  const edge = Math.round(width * 0.87);
  const scale = edge / bufferLen();
  context.fillStyle = free.backgroundColor;
  context.strokeStyle = free.borderTopColor;
  context.beginPath();
  context.roundRect(0.5, top - 5.5, edge, bottom - top + 11, 8);
  context.fill();
  context.stroke();

  const at = (offset) => edge - (offset - shown.drained) * scale;
  const block = (from, to, fill, least = 0) => {
    const right = Math.min(at(from), width);
    const left = Math.max(Math.min(at(Math.min(to, shown.end)), right - least), 2);
    if (right <= left) return;
    context.fillStyle = fill;
    const gap = right - left > 4 ? 1 : 0;
    const part = (from, to, alpha) => {
      context.globalAlpha = alpha;
      if (to > from) context.fillRect(from, top, to - from, bottom - top);
    };
    part(left, Math.min(right - gap, edge), 1);
    // This part has already been sent.
    part(Math.max(left, edge), right - gap, 0.3);
    context.globalAlpha = 1;
  };
  const fills = { data: color("sealed"), padding: color("padding"), control: color("control") };
  const record = ([kind, content, padding, wire], start) => {
    const isControl = kind === "key update" || kind === "close_notify";
    // A control record would otherwise be too short to see.
    if (isControl) block(start, start + wire, fills.control, 3);
    else block(start, start + wire - padding, fills.data);
    if (padding > 0) block(start + wire - padding, start + wire, fills.padding);
  };
  const partial = view.buffer.length > 0 ? view.buffer[0][4] : 0;
  let start = view.drained - partial;
  let before = start;
  for (const gone of view.left.toReversed()) {
    before -= gone[3];
    if (at(before + gone[3]) < width) record(gone, before);
  }
  const starts = view.buffer.map((waiting) => (start += waiting[3]) - waiting[3]);
  // The newest is drawn first, so that a short record stays visible over the next one.
  view.buffer.toReversed().forEach((waiting, i) => record(waiting, starts.at(-1 - i)));
  if (view.current > 0) block(start, start + view.current, color("current"));

  context.strokeStyle = quiet;
  context.setLineDash([3, 3]);
  context.beginPath();
  context.moveTo(edge + 0.5, 0);
  context.lineTo(edge + 0.5, bottom + 10);
  context.stroke();
  context.setLineDash([]);
  context.fillStyle = quiet;
  const label = `room() ${format(view.room)}`;
  context.fillText(label, 2, bottom + 22);
  context.textAlign = "right";
  context.fillText(`${format(view.waiting + view.current)} bytes in the buffer`, edge, bottom + 22);
  context.textAlign = "left";
}

function drawHistory() {
  const [context, width, height] = prepare("history");
  const free = getComputedStyle(element("c-free"));
  const quiet = getComputedStyle(element("history").nextElementSibling).color;
  const [top, bottom] = [24, height - 2];
  const scale = (bottom - top) / bufferLen();
  context.strokeStyle = free.borderTopColor;
  context.fillStyle = quiet;
  for (const part of [0, 0.5, 1]) {
    const y = Math.round(bottom - part * capacity * scale) - 0.5;
    context.beginPath();
    context.moveTo(0, y);
    context.lineTo(width, y);
    context.stroke();
  }
  const [sealed, current] = [color("sealed"), color("current")];
  const bar = STEP - 1;
  history.slice(-Math.floor(width / STEP)).forEach((turn, i) => {
    const x = i * STEP;
    context.fillStyle = sealed;
    context.fillRect(x, bottom - turn.sealed * scale, bar, turn.sealed * scale);
    context.fillStyle = current;
    context.fillRect(x, bottom - (turn.sealed + turn.current) * scale, bar, turn.current * scale);
    if (turn.full) {
      context.fillStyle = free.color;
      context.fillRect(x, 0, bar, 4);
    }
  });
  context.fillStyle = quiet;
  context.textAlign = "right";
  context.fillText(`${capacity / 1024} KiB`, width - 2, bottom - capacity * scale - 9);
  context.textAlign = "left";
}

// Moves the drawing towards the last view.
let frame = 0;
function animate() {
  cancelAnimationFrame(frame);
  // Even if the last move is unfinished, so that the drawing is never more than one turn late.
  const from = { ...target };
  Object.assign(target, { drained: view.drained, end: streamEnd() });
  if (calm.matches || document.hidden || !timer) {
    Object.assign(shown, target);
    draw();
    return;
  }
  drawHistory();
  const begun = performance.now();
  const length = Math.min(900 / value("speed"), 400);
  const move = (now) => {
    const part = Math.min(Math.max((now - begun) / length, 0), 1);
    for (const key of ["drained", "end"]) shown[key] = from[key] + (target[key] - from[key]) * part;
    drawBuffer();
    if (part < 1) frame = requestAnimationFrame(move);
  };
  frame = requestAnimationFrame(move);
}

// Controls

const value = (name) => SLIDERS[name][0][Number(element(name).value)];

function showSlider(name) {
  const text = SLIDERS[name][2](value(name));
  element(`${name}-value`).textContent = text;
  element(name).setAttribute("aria-valuetext", text);
}

function act(line) {
  try {
    run(line);
  } catch (error) {
    pause();
    showProblem(`The engine has stopped: ${error.message}. Reload the page.`);
    throw error;
  }
  // Nothing changes after this.
  if (view.writer_state === "Closed") pause();
  animate();
  if (!timer) speak();
}

function showProblem(text) {
  element("problem").textContent = text;
  element("problem").hidden = false;
}

// For screen readers, which could not keep up with a page that is playing.
function speak() {
  const inBuffer = bytes(view.waiting + view.current);
  element("spoken").textContent =
    `Turn ${view.turn}: ${view.writer_state}, ${view.buffer_state}, room for ${bytes(view.room)}, ${inBuffer} in the buffer.`;
}

const sizing = () => (element("sizing").value === "fixed" ? `sizing fixed ${value("fixed")}` : `sizing ${element("sizing").value}`);

const COMMANDS = {
  write: () => `write ${value("write")}`,
  drain: () => `drain ${value("drain")}`,
  capacity: () => `capacity ${value("capacity")}`,
  sizing,
  fixed: sizing,
  padding: () => `padding ${element("padding").value}`,
  coalescing: () => `coalescing ${element("coalescing").checked ? "on" : "off"}`,
};

function onInput(name) {
  if (SLIDERS[name]) showSlider(name);
  if (name === "speed") {
    if (timer) play();
    return;
  }
  element("fixed-control").hidden = element("sizing").value !== "fixed";
  if (name === "capacity") capacity = value("capacity");
  if (name !== "fixed" || element("sizing").value === "fixed") act(COMMANDS[name]());
}

function play() {
  clearInterval(timer);
  timer = setInterval(() => act("turn"), 1000 / value("speed"));
  element("play").textContent = "Pause";
}

function pause() {
  clearInterval(timer);
  timer = 0;
  element("play").textContent = "Play";
  if (view) speak();
}

function prepareControls() {
  for (const output of document.querySelectorAll("output")) output.setAttribute("aria-live", "off");
  for (const [name, [steps, first]] of Object.entries(SLIDERS)) {
    Object.assign(element(name), { min: 0, max: steps.length - 1, step: 1, value: steps.indexOf(first) });
    showSlider(name);
  }
  for (const name of ["speed", ...Object.keys(COMMANDS)]) element(name).addEventListener("input", () => onInput(name));
  for (const name of ["flush", "update", "close", "restart"]) element(name).addEventListener("click", () => act(name));
  element("step").addEventListener("click", () => {
    pause();
    act("turn");
  });
  element("play").addEventListener("click", () => (timer ? pause() : play()));
  element("theme").addEventListener("click", () => {
    const next = { auto: "light", light: "dark", dark: "auto" }[document.documentElement.dataset.theme ?? "auto"];
    setTheme(next);
  });
  addEventListener("resize", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  element("theme").textContent = { auto: "Auto", light: "Light", dark: "Dark" }[theme];
  if (view) draw();
}

// Scripts

// Moves the control that a line names, as a user would.
function perform(line) {
  const [name, ...words] = line.split(" ");
  const move = (id, change) => {
    change(element(id));
    element(id).dispatchEvent(new Event("input"));
  };
  const slide = (id, word) => {
    const index = SLIDERS[id][0].indexOf(Number(word));
    if (index < 0) throw new Error(`no place of the slider "${id}" is ${word}`);
    move(id, (slider) => (slider.value = index));
  };
  if (name === "turn") element("step").click();
  else if (["flush", "update", "close", "restart"].includes(name)) element(name).click();
  else if (name === "coalescing") move(name, (box) => (box.checked = words[0] === "on"));
  else if (name === "padding") move(name, (select) => (select.value = words.join(" ")));
  else if (name === "sizing") {
    if (words[1]) slide("fixed", words[1]);
    move(name, (select) => (select.value = words[0]));
  } else slide(name, words[0]);
}

// Reads back what the page shows now.
function readPage() {
  const text = (id) => element(id).textContent;
  const number = (text) => Number(text.replaceAll(",", ""));
  const table = (id) =>
    Array.from(element(id).tBodies[0].rows, (row) =>
      Array.from(row.cells, (cell, i) => (i === 0 ? cell.textContent : number(cell.textContent))),
    );
  const read = {};
  for (const name of [...Object.keys(view), "overhead"]) {
    if (["writer_state", "buffer_state"].includes(name)) read[name] = text(name);
    else if (name === "overhead") read[name] = text(name);
    else if (name === "refused") read[name] = text(name) === "none" ? null : text(name);
    else if (name === "ended") {
      read[name] = Object.fromEntries(Object.keys(view.ended).map((end) => [end, number(text(`ended-${end}`))]));
    } else if (name === "buffer") read[name] = table("buffer-table");
    else if (name === "left") read[name] = table("left-table").toReversed();
    else read[name] = number(text(name));
  }
  return read;
}

function runScript(script) {
  const result = [];
  for (const line of script.split("\n").filter(Boolean)) {
    perform(line);
    result.push(JSON.stringify(readPage()));
  }
  element("script-result").textContent = result.join("\n");
  document.documentElement.dataset.script = "done";
}

async function begin() {
  const options = new URLSearchParams(location.hash.slice(1));
  if (options.has("theme")) setTheme(options.get("theme"));
  if (typeof WANTWRITE_WASM === "undefined") {
    showProblem("The engine is missing. Build the page with docs/play/build.sh, then open target/play/index.html.");
    return;
  }
  const module = Uint8Array.from(atob(WANTWRITE_WASM), (character) => character.charCodeAt(0));
  engine = (await WebAssembly.instantiate(module)).instance.exports;
  prepareControls();
  element("fixed-control").hidden = true;
  capacity = value("capacity");
  act("restart");
  for (const name of ["write", "drain"]) act(COMMANDS[name]());
  if (options.has("script")) runScript(options.get("script"));
  else if (!calm.matches) play();
}

begin();
