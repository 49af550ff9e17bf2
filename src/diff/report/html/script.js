
"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const root = document.documentElement;
  const objects = [...document.querySelectorAll(".object")];
  const texts = new Map();

  // What the filters ask for. An empty set of effects or happenings asks for all.
  const state = { text: "", kind: "", effect: "", change: "" };

  const textOf = (object) => {
    if (!texts.has(object)) texts.set(object, object.textContent.toLowerCase());
    return texts.get(object);
  };

  const matches = (object) =>
    (!state.kind || object.dataset.kind === state.kind) &&
    (!state.effect || object.dataset.effects.split(" ").includes(state.effect)) &&
    (!state.change || object.dataset.change === state.change) &&
    (!state.text || state.text.split(/\s+/).every((word) => textOf(object).includes(word)));

  const filter = () => {
    let shown = 0;
    for (const object of objects) {
      object.hidden = !matches(object);
      if (!object.hidden) shown += 1;
    }
    for (const list of document.querySelectorAll(".objects")) {
      const left = list.querySelector(".object:not([hidden])");
      list.querySelector(".nothing").hidden = Boolean(left);
    }
    const all = objects.length;
    $("shown").textContent = shown === all ? `${all} objects` : `${shown} of ${all} objects`;
  };

  const press = (button, on) => button.setAttribute("aria-pressed", String(on));

  if ($("text")) {
    $("text").addEventListener("input", (event) => {
      state.text = event.target.value.trim().toLowerCase();
      filter();
    });
    for (const name of ["kind", "effect", "change"]) {
      $(name).addEventListener("change", (event) => {
        state[name] = event.target.value;
        filter();
      });
    }
    $("expand").addEventListener("click", () => objects.forEach((object) => { object.open = true; }));
    $("collapse").addEventListener("click", () => objects.forEach((object) => { object.open = false; }));
    for (const view of ["inline", "split"]) {
      $(view).addEventListener("click", () => {
        root.dataset.view = view;
        press($("inline"), view === "inline");
        press($("split"), view === "split");
      });
    }
    filter();
  }

  // Dark or light: as the system says, until the reader says otherwise.
  const dark = () => root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  press($("theme"), dark());
  $("theme").addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    press($("theme"), dark());
  });

  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input, select, textarea");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && $("text")) {
      event.preventDefault();
      $("text").focus();
    }
    if (event.key === "Escape" && event.target === $("text")) {
      event.target.value = "";
      state.text = "";
      filter();
    }
  });

  // On paper everything that is not filtered away is open, and closed again afterwards.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    closed.forEach((details) => { details.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach((details) => { details.open = false; }));
})();
