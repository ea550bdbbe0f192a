// A form marked data-once is sent once: the button sleeps until the page changes. The server does not rely on it.
document.addEventListener("submit", (event) => {
  if (event.target.matches("form[data-once]")) {
    event.target.querySelectorAll("button[type=submit]").forEach((button) => { button.disabled = true; });
  }
});
