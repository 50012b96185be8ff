// Comforts of the practice's pages; each page works without them.

// After a search, the screen reader and the keyboard begin at the results.
document.querySelector("[data-focus]")?.focus({ preventScroll: false });
document.getElementById("problemes")?.focus();

// Ctrl + Enter sends the page's form, or goes on to the next step.
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    document.activeElement?.closest(".has-help")?.querySelector("button")?.blur();
  }
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  const form = document.querySelector("form[data-main]");
  const button = form?.querySelector("[data-once], .actions [type=submit]");
  if (button) {
    event.preventDefault();
    form.requestSubmit(button);
    return;
  }
  const next = document.querySelector("a[data-next]");
  if (next) {
    event.preventDefault();
    next.click();
  }
});
