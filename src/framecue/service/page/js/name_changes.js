// What can be done to a taught name: renaming it and forgetting it, each after a question.

import { el } from "./dom.js";
import { forget, isOrdinary, rename, saysOf } from "./names.js";

/**
 * Return the buttons; what they ask stands in their place.
 *
 * @param {string} name
 * @param {object} around
 * @param {HTMLElement} around.tools where the buttons are
 * @param {(sentence: string) => void} around.done called once the name has changed, with what to read aloud
 */
export function changeButtons(name, { tools, done }) {
  const small = (action, label, onclick, more = {}) =>
    el("button", { class: "button button-small", type: "button", dataset: { action }, "aria-label": `${label}: ${name}`, onclick, ...more }, label);
  const problem = el("p", { class: "problem", role: "alert", hidden: true });
  const ask = (content, focused) => {
    const before = [...tools.children];
    const keep = small("keep", "Cancel", () => {
      tools.replaceChildren(...before);
      problem.remove();
      before.find((each) => each.dataset.action === content.dataset.asks)?.focus();
    });
    content.append(keep);
    tools.replaceChildren(content);
    tools.after(problem);
    focused.focus();
  };
  const attempt = async (work, sentence) => {
    problem.hidden = true;
    tools.inert = true;
    try {
      await work();
      done(sentence);
      return null;
    } catch (refusal) {
      problem.hidden = false;
      problem.textContent = saysOf(refusal);
      return refusal;
    } finally {
      tools.inert = false;
    }
  };

  function askForget() {
    const yes = small("forget-surely", "Forget it", async () => {
      if ((await attempt(() => forget(name), `${name} is forgotten.`)) !== null) yes.focus();
    });
    const question = el("span", { class: "name-question" }, "It is an unknown word then, and its examples stay in the library.");
    ask(el("div", { class: "name-asked", dataset: { asks: "forget" } }, question, yes), yes);
  }

  function askRename() {
    let allowed = null;
    const input = el("input", { type: "text", value: name, dir: "auto", autocomplete: "off", autocapitalize: "off", spellcheck: "false", "aria-label": `New name of ${name}` });
    const save = el("button", { class: "button button-small", type: "submit", dataset: { action: "save-name" } }, "Rename");
    input.addEventListener("input", () => (save.textContent = "Rename"));
    const form = el("form", { class: "name-asked", dataset: { asks: "rename" }, novalidate: true }, input, save);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const allowOrdinary = allowed === input.value;
      const refusal = await attempt(() => rename(name, input.value, { allowOrdinary }), `It is called ${input.value} now.`);
      allowed = isOrdinary(refusal) ? input.value : null;
      if (allowed !== null) save.textContent = "Rename all the same";
      if (refusal !== null) input.focus();
    });
    ask(form, input);
    input.select();
  }

  return [small("rename", "Rename", askRename), small("forget", "Forget", askForget)];
}
