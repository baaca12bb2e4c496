// Each filter: what its chip says, what is in its panel, and what it is when it lets all through. A choice holds at once.

import { el } from "./dom.js";
import { clock, day, isoDay, localDay, percent, secondsOf } from "./format.js";
import { now, update } from "./state.js";
import { LEGS } from "./why.js";

const MOST_THEN = 4;
const MINUTE = 60;

/**
 * In the order in which they stand: `name`, `label`; `nothing` are the state's keys when it does not hold; `says(state)`
 * returns what it holds for, or null; `panel(state)` returns the elements that it is chosen with.
 */
export const CHIPS = [
  {
    name: "then",
    label: "Then",
    nothing: { then: [], within: null },
    says: ({ then, within }) => {
      const soon = within === null ? "" : ` within ${clock(within)}`;
      return then.length ? `then ${then.join(", then ")}${soon}` : null;
    },
    panel: thenPanel,
  },
  {
    name: "kind",
    label: "Kind",
    nothing: { kind: null },
    says: ({ kind }) => ({ video: "Videos", image: "Pictures" })[kind] ?? kind,
    panel: ({ kind }) => [
      radios("kind", "Kind", kind, [[null, "Videos and pictures"], ["video", "Videos"], ["image", "Pictures"]], (value) => update({ kind: value })),
    ],
  },
  {
    name: "date",
    label: "Date",
    nothing: { after: null, before: null },
    says: ({ after, before }) => dates(after, before),
    panel: datePanel,
  },
  {
    name: "length",
    label: "Length",
    nothing: { longer: null, shorter: null },
    says: ({ longer, shorter }) => lengths(longer, shorter),
    panel: lengthPanel,
  },
  {
    name: "place",
    label: "Folder or name",
    nothing: { folder: null, path: null, where: null },
    says: ({ folder, path, where }) => [folder && `in ${folder}`, path, where].filter(Boolean).join("; ") || null,
    panel: placePanel,
  },
  {
    name: "legs",
    label: "Found by",
    nothing: { only: [] },
    says: ({ only }) => (only.length ? only.map((leg) => LEGS[leg]?.name ?? leg).join(", ") : null),
    panel: legsPanel,
  },
  {
    name: "fit",
    label: "Fit",
    nothing: { fit: null },
    says: ({ fit }) => (fit === null ? null : `Fit from ${percent(fit)}`),
    panel: ({ fit }) => [
      radios("fit", "How likely it is what you asked for", fit, [[null, "Whatever is nearest"], [0.25, "Likely, from 25%"], [0.5, "From 50%"], [0.75, "From 75%"]], (value) => update({ fit: value })),
    ],
  },
];

function dates(after, before) {
  const last = before === null ? null : isoDay(localDay(before), -1) || before;
  if (after !== null && after === last) return day(after);
  if (after !== null && last !== null) return `${day(after)} \u2013 ${day(last)}`;
  if (after !== null) return `since ${day(after)}`;
  return last === null ? null : `until ${day(last)}`;
}

function lengths(longer, shorter) {
  if (longer !== null && shorter !== null) return `${clock(longer)} to ${clock(shorter)}`;
  if (longer !== null) return `longer than ${clock(longer)}`;
  return shorter === null ? null : `shorter than ${clock(shorter)}`;
}

function datePanel({ after, before }) {
  const today = new Date();
  const since = [
    [null, "Any time"],
    [isoDay(today), "Today"],
    [isoDay(today, -6), "The last 7 days"],
    [isoDay(today, -29), "The last 30 days"],
    [`${today.getFullYear()}-01-01`, "This year"],
  ];
  const from = el("input", { type: "date", value: after });
  const to = el("input", { type: "date", value: before === null ? null : isoDay(localDay(before), -1) });
  const own = () => update({ after: from.value || null, before: to.value ? isoDay(localDay(to.value), 1) : null });
  from.addEventListener("change", own);
  to.addEventListener("change", own);
  const chosen = before === null ? after : undefined;
  return [
    radios("date", "Recorded", chosen, since, (value) => {
      from.value = value ?? "";
      to.value = "";
      update({ after: value, before: null });
    }),
    pair(field("From", from), field("To", to)),
  ];
}

function lengthPanel({ longer, shorter }) {
  const choices = [
    ["-", "Any length", null, null],
    ["-60", "Under a minute", null, MINUTE],
    ["60-600", "1 to 10 minutes", MINUTE, 10 * MINUTE],
    ["600-", "Over 10 minutes", 10 * MINUTE, null],
  ];
  const least = lengthInput(longer, (value) => update({ longer: value }));
  const most = lengthInput(shorter, (value) => update({ shorter: value }));
  return [
    radios("length", "Length", `${longer ?? ""}-${shorter ?? ""}`, choices, (value) => {
      const [, , from, to] = choices.find(([key]) => key === value);
      least.value = from === null ? "" : clock(from);
      most.value = to === null ? "" : clock(to);
      update({ longer: from, shorter: to });
    }),
    pair(field("Longer than", least), field("Shorter than", most)),
  ];
}

function lengthInput(seconds, change) {
  const input = el("input", { type: "text", value: seconds === null ? null : clock(seconds), placeholder: "1:30", size: 7 });
  input.addEventListener("change", () => {
    const value = input.value.trim() === "" ? null : secondsOf(input.value);
    input.setCustomValidity(Number.isNaN(value) ? "Write a length such as 1:30, 90 or 2 min." : "");
    if (input.reportValidity()) change(value);
  });
  return input;
}

function placePanel({ folder, path, where }) {
  // Of what is shown: a library may have thousands.
  const paths = [...document.querySelectorAll("#results .card-link")].map((link) => link.title);
  const folders = new Set(paths.map((file) => file.replace(/[/\\][^/\\]*$/, "")));
  const list = el("datalist", { id: "known-folders" }, [...folders].sort().map((value) => el("option", { value })));
  return [
    field("Folder", textInput(folder, "folder", { list: "known-folders", placeholder: "/videos/2026" })),
    list,
    field("Name", textInput(path, "path", { placeholder: "*.mp4, or holiday*" })),
    field("Condition on the library's columns", textInput(where, "where", { placeholder: "duration_seconds > 60" })),
  ];
}

function textInput(value, key, attributes) {
  const input = el("input", { type: "text", value, autocapitalize: "off", spellcheck: "false", ...attributes });
  input.addEventListener("change", () => update({ [key]: input.value.trim() || null }));
  return input;
}

function legsPanel({ only }) {
  const boxes = Object.entries(LEGS).map(([leg, { name, means }]) => {
    const box = el("input", { type: "checkbox", value: leg, checked: only.includes(leg) });
    box.addEventListener("change", () => {
      const rest = now().only.filter((other) => other !== leg);
      update({ only: box.checked ? [...rest, leg] : rest });
    });
    return el("label", { class: "choice" }, box, el("span", {}, name, el("small", {}, means)));
  });
  return [el("fieldset", { class: "choices" }, el("legend", {}, "Only what was found by"), boxes)];
}

function thenPanel({ then, within }) {
  const inputs = Array.from({ length: Math.min(MOST_THEN, then.length + 1) }, (_, place) =>
    el("input", { type: "text", value: then[place], placeholder: "a man comes in" }),
  );
  const change = () => update({ then: inputs.map((input) => input.value.trim()).filter(Boolean) });
  for (const input of inputs) input.addEventListener("change", change);
  const choices = [[null, "any length of time"], [10, "10 seconds"], [30, "30 seconds"], [60, "a minute"], [300, "5 minutes"]];
  const select = el("select", {}, choices.map(([value, label]) => el("option", { value: value ?? "", selected: value === within }, label)));
  select.addEventListener("change", () => update({ within: select.value ? Number(select.value) : null }));
  return [
    el("p", { class: "panel-hint" }, "After what stands in the box, in the same video:"),
    ...inputs.map((input, place) => field(place ? "And then" : "What comes next", input)),
    field("How soon after, at most", select),
  ];
}

function radios(name, legend, chosen, choices, change) {
  const lines = choices.map(([value, label]) => {
    const input = el("input", { type: "radio", name: `filter-${name}`, checked: value === chosen });
    input.addEventListener("change", () => change(value));
    return el("label", { class: "choice" }, input, el("span", {}, label));
  });
  return el("fieldset", { class: "choices" }, el("legend", { class: "visually-hidden" }, legend), lines);
}

function field(label, input) {
  return el("label", { class: "field" }, el("span", {}, label), input);
}

function pair(...fields) {
  return el("div", { class: "pair" }, fields);
}
