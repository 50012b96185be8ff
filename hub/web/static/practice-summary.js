// The copy's box is kept as soon as it changes; a second click on « Envoyer » does nothing more.

const form = document.getElementById("summary");
const keep = document.getElementById("keep-copy");
const send = document.getElementById("send");

// No copy is offered for a patient held as deceased.
if (keep) {
  keep.parentElement.hidden = true;
  document.getElementById("copy").addEventListener("change", () => form.requestSubmit(keep));
}

let left = false;
form.addEventListener("submit", (event) => {
  if (!send || event.submitter !== send) return;
  if (left) event.preventDefault();
  left = true;
  send.setAttribute("aria-disabled", "true");
});
window.addEventListener("pageshow", () => {
  left = false;
  send?.removeAttribute("aria-disabled");
});
