// One-letter shortcuts of the officers' pages. They move the focus and never decide; they can be switched off
// (WCAG 2.1.4) and are silent while somebody types.

const list = document.querySelector("[data-shortcuts]");
const choice = document.querySelector("#raccourcis");

function areOn() {
  try {
    return localStorage.getItem("agency-shortcuts") !== "off";
  } catch {
    return true;
  }
}

function keep(on) {
  try {
    localStorage.setItem("agency-shortcuts", on ? "on" : "off");
  } catch {
    // Without storage the choice lasts as long as the page.
  }
}

function focus(target) {
  if (target) {
    target.focus();
    target.scrollIntoView({ block: "center" });
  }
}

function step(offset) {
  const links = [...document.querySelectorAll(".task-link")];
  const at = links.indexOf(document.activeElement);
  const next = at < 0 ? 0 : Math.min(links.length - 1, Math.max(0, at + offset));
  focus(links[next]);
}

function focusKey(key) {
  focus(document.querySelector(`[data-key="${key}"]`));
}

const actions = {
  m: () => focusKey("m"),
  d: () => focusKey("d"),
  s: () => focusKey("s"),
  p: () => focusKey("p"),
  v: () => focusKey("v"),
  r: () => focus(document.querySelector("#comment, #answer")),
  c: () => focus(document.querySelector("#remarque")),
  g: () => document.querySelector(".site-name")?.click(),
  "/": () => document.querySelector('a[href$="/agence/recherche"]')?.click(),
  j: () => step(1),
  k: () => step(-1),
  l: () => document.querySelector("[data-list]")?.click(),
  "?": () => {
    list.open = !list.open;
    focus(list.querySelector("summary"));
  },
};

document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("textarea, select, input:not([type=checkbox])");
  if (event.key === "Escape" && typing) {
    event.target.blur();
    return;
  }
  const action = actions[event.key];
  if (!action || typing || !choice.checked || event.ctrlKey || event.metaKey || event.altKey) {
    return;
  }
  event.preventDefault();
  action();
});

choice.checked = areOn();
choice.closest("[data-shortcuts-choice]").hidden = false;
choice.addEventListener("change", () => keep(choice.checked));
document.querySelector("[data-focus]")?.focus();
