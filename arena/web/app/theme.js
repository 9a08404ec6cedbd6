// A classic script: it runs before the first paint, so that nothing flashes.
{
  const chosen = localStorage.getItem("arena.theme")
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen
}
