// For whoever listens to the page or has no mouse: the theme's icons are words drawn by a font, its main part is no
// landmark, and a card that can be scrolled sideways must take the focus for the arrow keys.
const reachable = () => document.querySelectorAll(".bo-card").forEach((card) => {
  if (card.scrollWidth > card.clientWidth) { card.tabIndex = 0; } else { card.removeAttribute("tabindex"); }
});
addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll(".material-symbols-outlined").forEach((icon) => { icon.setAttribute("aria-hidden", "true"); });
  document.getElementById("main")?.setAttribute("role", "main");
});
addEventListener("load", reachable);
addEventListener("resize", reachable);
