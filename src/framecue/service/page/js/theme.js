// Before anything is drawn: the theme that was chosen, so that the page does not flash in the other. Without a choice the
// system's holds (css/tokens.css). No module, as modules wait for the document.
(() => {
  try {
    const chosen = window.localStorage.getItem("framecue-theme");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  } catch {
    // A browser that keeps nothing: the system's theme.
  }
})();
