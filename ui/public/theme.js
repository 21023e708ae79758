// Before anything is painted: the theme that was chosen in this browser, if one was.
try {
  const chosen = localStorage.getItem("scale.theme");
  if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;
} catch {
  // Storage is switched off: the system's theme it is.
}
