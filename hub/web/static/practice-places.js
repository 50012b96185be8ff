// Communes are proposed while somebody types; only the fields of the chosen kind of birth place show.

const place = document.querySelector("[data-birth-place]");
const town = document.getElementById("town");

function showChosen() {
  const chosen = place.querySelector("input[name=born]:checked")?.value;
  for (const part of place.querySelectorAll("[data-when]")) {
    part.hidden = part.dataset.when !== chosen;
  }
}
place.addEventListener("change", showChosen);
showChosen();

const list = document.createElement("datalist");
list.id = "communes";
town.after(list);
town.setAttribute("list", list.id);

let waiting;
let asked = 0;
town.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(propose, 150);
});

async function propose() {
  const text = town.value.trim();
  if (text.length < 2) return;
  const turn = ++asked;
  try {
    const answer = await fetch(`/pratique/communes?q=${encodeURIComponent(text)}`, { headers: { Accept: "application/json" } });
    if (!answer.ok || answer.redirected || turn !== asked) return;
    const found = await answer.json();
    list.replaceChildren(
      ...found.map(({ label, postcodes }) => {
        const option = document.createElement("option");
        option.value = label;
        option.label = postcodes ? `${label} ${postcodes}` : label;
        return option;
      }),
    );
  } catch {
    // Without proposals the field still takes a name or a postcode.
  }
}
