// The moments that a name is learnt from: those that are it, and those that are not, each of which can go to the others.

import { address } from "./api.js";
import { el, icon, iconButton } from "./dom.js";
import { counted, place, span } from "./format.js";
import { now } from "./state.js";

// As `POST /api/names` takes them.
export const MOST_PICTURES = 10;

const GROUPS = [
  { isIt: true, name: "This is it", none: "Nothing yet: what shows it goes here." },
  { isIt: false, name: "This is not it", none: "What looks alike and is something else goes here. It may be empty." },
];

/**
 * Return an example of a hit, or of a moment that was marked.
 *
 * @param {{id: string, start: number, end: number}} moment
 * @param {object | null} hit of `POST /api/search`; null where the page does not show it any more
 */
export function exampleOf({ id, start, end }, hit, isIt = true) {
  const isPicture = hit?.kind === "image" || (hit === null && end === 0);
  const when = isPicture ? "Picture" : span(start, end);
  const name = hit === null ? "" : place(hit.path).name;
  const picture = address(`/thumbnails/${id}/${hit?.segment_seconds?.[0] ?? start}`, { library: now().library });
  return { id, start, end, when, name, picture, isIt };
}

/** Return an example of a picture of the person's own, which is in no library; `number` tells it from others. */
export function exampleOfFile(file, number) {
  const name = file.name || "Pasted picture";
  return { id: `file-${number}`, start: 0, end: 0, when: "Your picture", name, picture: URL.createObjectURL(file), isIt: true, file };
}

/**
 * Return {element, show(examples), add(examples), chosen(), pictures()}.
 *
 * @param {() => void} onChange called when one has gone to the others, or was left out
 */
export function createExamples({ onChange }) {
  const element = el("div", { class: "examples" });
  let examples = [];

  function draw() {
    element.replaceChildren(...GROUPS.map(group));
  }

  function group({ isIt, name, none }) {
    const own = examples.filter((example) => example.isIt === isIt);
    const list = el("ul", { class: "examples-list", role: "list", "aria-label": name }, own.map(item));
    return el(
      "section",
      { class: "examples-group", dataset: { examples: isIt ? "like" : "unlike" } },
      el("h3", {}, name, own.length > 0 && el("span", { class: "examples-count" }, ` ${counted(own.length, own.some(({ file }) => file) ? "example" : "moment")}`)),
      own.length ? list : el("p", { class: "examples-none" }, none),
    );
  }

  function item(example) {
    const called = [example.name, example.when].filter(Boolean).join(", ");
    const picture = el("img", { class: "examples-picture", src: example.picture, alt: "", onerror: () => picture.replaceWith(icon("film")) });
    const label = example.isIt ? "Not it" : "It is it";
    const move = el("button", { class: "examples-move", type: "button", "aria-label": `${label}: ${called}`, onclick: () => change(example, "move") }, label);
    const leave = iconButton("close", `Leave out: ${called}`, () => change(example, "leave"), { class: "examples-leave" });
    return el(
      "li",
      { class: "example", dataset: { id: example.id, start: example.start } },
      el("span", { class: "examples-stage", title: called }, picture, el("span", { class: "card-time" }, example.when)),
      leave,
      // What is uploaded can only be what is meant.
      example.file ? el("span", { class: "examples-file" }, example.name) : move,
    );
  }

  function change(example, how) {
    const at = examples.indexOf(example);
    if (example.file && how === "leave") URL.revokeObjectURL(example.picture);
    examples = how === "leave" ? examples.filter((other) => other !== example) : examples.map((other) => (other === example ? { ...other, isIt: !other.isIt } : other));
    draw();
    // The button that was pressed is gone: its own example's, where it stays, or the next one's.
    const next = examples[how === "leave" ? Math.min(at, examples.length - 1) : at];
    const place = next && element.querySelector(`[data-id="${CSS.escape(next.id)}"][data-start="${CSS.escape(String(next.start))}"] button:last-of-type`);
    place?.focus();
    onChange();
  }

  return {
    element,
    show(given) {
      for (const { file, picture } of examples) if (file) URL.revokeObjectURL(picture);
      examples = given;
      draw();
    },
    add(more) {
      examples = [...examples, ...more];
      draw();
    },
    /** Return what the server is asked to learn from: {like, unlike}. */
    chosen() {
      const moments = (isIt) => examples.filter((each) => each.isIt === isIt && !each.file).map(({ id, start, end }) => ({ id, start_seconds: start, end_seconds: end }));
      return { like: moments(true), unlike: moments(false) };
    },
    /** Return the pictures that go with it, as files. */
    pictures() {
      return examples.filter(({ file }) => file).map(({ file }) => file);
    },
  };
}
