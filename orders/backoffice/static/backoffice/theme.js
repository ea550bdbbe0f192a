// Light or dark as chosen in the back office, else as the system says; before anything is drawn.
const chosen = (localStorage.getItem("adminTheme") || "").replaceAll('"', "");
const dark = chosen === "dark" || (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
document.documentElement.classList.toggle("dark", dark);
