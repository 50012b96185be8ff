// Counts down the life of the code and submits once six digits are there, typed or pasted.
const life = document.querySelector("#duree");
const input = document.querySelector("#code");
if (life && input) {
  const shown = life.querySelector(".countdown");
  const end = Date.now() + Number(life.dataset.seconds) * 1000;
  const tick = () => {
    const left = Math.max(0, Math.round((end - Date.now()) / 1000));
    shown.textContent = `(${Math.floor(left / 60)} min ${String(left % 60).padStart(2, "0")} s)`;
    if (left === 0) { life.textContent = life.dataset.over; life.setAttribute("role", "status"); }
    else setTimeout(tick, 1000);
  };
  tick();
  input.addEventListener("input", () => {
    const digits = input.value.replace(/\D/g, "");
    if (digits.length === 6 && !input.form.dataset.sent) {
      input.value = digits;
      input.form.dataset.sent = "1";
      input.form.requestSubmit();
    }
  });
}
