// Files dropped or chosen leave one after the other, each with its progress; a refused one stops nobody.

const form = document.getElementById("upload");
const zone = form.querySelector(".drop-zone");
const input = document.getElementById("file");
const list = document.getElementById("uploads");
const words = form.dataset;

input.multiple = true;
zone.querySelector(".drop-hint").hidden = false;
form.querySelector(".actions").hidden = true;

for (const name of ["dragenter", "dragover"]) {
  zone.addEventListener(name, (event) => {
    event.preventDefault();
    zone.classList.add("over");
  });
}
for (const name of ["dragleave", "drop"]) {
  zone.addEventListener(name, () => zone.classList.remove("over"));
}
// A file dropped beside the zone would otherwise replace the page.
for (const name of ["dragover", "drop"]) {
  window.addEventListener(name, (event) => event.preventDefault());
}
zone.addEventListener("drop", (event) => {
  event.preventDefault();
  sendAll([...event.dataTransfer.files]);
});
input.addEventListener("change", () => {
  const files = [...input.files];
  input.value = "";
  sendAll(files);
});
form.addEventListener("submit", (event) => event.preventDefault());

let queue = Promise.resolve();

function sendAll(files) {
  const lines = files.map(addLine);
  queue = queue.then(async () => {
    const done = [];
    for (const [index, file] of files.entries()) {
      done.push(await sendOne(file, lines[index]));
    }
    // One good file and nothing to read about: straight on to its next step.
    if (list.childElementCount === 1 && done.length === 1 && done[0]) location.assign(done[0]);
  });
}

function addLine(file) {
  const line = document.createElement("li");
  const name = document.createElement("strong");
  const bar = document.createElement("progress");
  const state = document.createElement("span");
  name.textContent = file.name;
  bar.max = 100;
  bar.value = 0;
  bar.setAttribute("aria-label", file.name);
  line.append(name, bar, state);
  list.append(line);
  return { line, bar, state };
}

function refuse({ line, bar, state }, message) {
  bar.remove();
  line.classList.add("refused");
  state.textContent = `✕ ${message}`;
  state.setAttribute("role", "alert");
  return null;
}

function accept({ line, bar, state }, address) {
  bar.remove();
  line.classList.add("ready");
  const link = document.createElement("a");
  link.href = address;
  link.textContent = words.goOn;
  state.replaceChildren(`✓ ${words.ready} `, link);
  return address;
}

function sendOne(file, shown) {
  if (file.size > Number(words.limit)) return refuse(shown, words.tooLarge);
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    const body = new FormData();
    body.append("csrf_token", form.elements.csrf_token.value);
    body.append("file", file);
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => {
      if (!event.lengthComputable) return;
      shown.bar.value = Math.round((100 * event.loaded) / event.total);
      shown.state.textContent = shown.bar.value < 100 ? `${shown.bar.value} %` : words.checking;
    });
    request.addEventListener("error", () => resolve(refuse(shown, words.cut)));
    request.addEventListener("load", () => resolve(read(request, shown)));
    request.send(body);
  });
}

function read(request, shown) {
  let answer;
  try {
    answer = JSON.parse(request.responseText);
  } catch {
    return refuse(shown, request.responseURL.includes("/connexion") ? words.locked : words.cut);
  }
  return answer.next ? accept(shown, answer.next) : refuse(shown, answer.message);
}
