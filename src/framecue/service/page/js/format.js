// How times, dates, numbers and places are written. All in the browser's own language where that has a say.

const PERCENT = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 0 });
const WHOLE = new Intl.NumberFormat();
const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const MONTH = new Intl.DateTimeFormat(undefined, { month: "long", year: "numeric" });

/** Return seconds as 1:02, or as 1:02:03 from an hour on. */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const tail = `${String(minutes).padStart(hours ? 2 : 1, "0")}:${String(rest).padStart(2, "0")}`;
  return hours ? `${hours}:${tail}` : tail;
}

/** Return two times as 1:02–1:08; one, where both look the same. */
export function span(startSeconds, endSeconds) {
  const [start, end] = [clock(startSeconds), clock(endSeconds)];
  return start === end ? start : `${start}\u2013${end}`;
}

/** Return a length as people say it: 8 s, 3 min, 2 h 14 min. */
export function length(seconds) {
  if (seconds < 60) return `${Math.round(seconds)}\u00a0s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes}\u00a0min`;
  const rest = minutes % 60;
  const hours = `${WHOLE.format(Math.floor(minutes / 60))}\u00a0h`;
  return rest && minutes < 6000 ? `${hours} ${rest}\u00a0min` : hours;
}

/** Return the seconds of what a person has typed as a length: 90, 1:30, 2:00:00, 90 s, 2 min, 1 h; NaN if it is none. */
export function secondsOf(text) {
  const typed = text.trim().toLowerCase();
  if (/^\d+(:[0-5]?\d){1,2}$/.test(typed)) return typed.split(":").reduce((sum, part) => 60 * sum + Number(part), 0);
  const found = /^(\d+(?:[.,]\d+)?)\s*(s|sec|seconds?|m|min|minutes?|h|hours?)?$/.exec(typed);
  if (!found) return Number.NaN;
  const unit = { m: 60, h: 3600 }[found[2]?.[0]] ?? 1;
  return Number(found[1].replace(",", ".")) * unit;
}

export function percent(share) {
  return PERCENT.format(share);
}

/** Return a score with two digits; what is nearly nothing is 0.00, on whichever side of it. */
export function score(value) {
  return (Math.round(100 * value) / 100 || 0).toFixed(2);
}

export function number(value) {
  return WHOLE.format(value);
}

/** Return "1 video", "2 videos". */
export function counted(count, one, many = `${one}s`) {
  return `${number(count)} ${count === 1 ? one : many}`;
}

/** Return the day of an ISO time, in the clock that the time itself has; a text that is no such time as it stands. */
export function day(isoTime) {
  const then = localDay(isoTime);
  return Number.isNaN(then.getTime()) ? isoTime : DAY.format(then);
}

/** Return what a result recorded then stands under, where results go by date: {key, label}; later keys are later. */
export function dateGroup(isoTime) {
  if (!isoTime) return { key: "", label: "Without a date" };
  const then = localDay(isoTime);
  const today = new Date();
  today.setHours(0, 0, 0, 0);
  const daysAgo = Math.round((today - then) / 86_400_000);
  if (daysAgo === 0) return { key: isoDay(then), label: "Today" };
  if (daysAgo === 1) return { key: isoDay(then), label: "Yesterday" };
  if (daysAgo > 1 && daysAgo < 7) return { key: isoDay(then), label: DAY.format(then) };
  return { key: isoDay(then).slice(0, 7), label: MONTH.format(then) };
}

/** Return a day as 2026-05-31, some days later; an empty text for a date that is none. */
export function isoDay(date, daysLater = 0) {
  if (Number.isNaN(date.getTime())) return "";
  const moved = new Date(date.getFullYear(), date.getMonth(), date.getDate() + daysLater);
  const parts = [moved.getFullYear(), moved.getMonth() + 1, moved.getDate()];
  return parts.map((part, place) => String(part).padStart(place ? 2 : 4, "0")).join("-");
}

/** Return the day of an ISO time as midnight of this browser. */
export function localDay(isoTime) {
  const [year, month, date] = isoTime.slice(0, 10).split("-").map(Number);
  return new Date(year, month - 1, date);
}

/** Return a path as {name, folder}, `folder` with its last two names only. */
export function place(path) {
  const names = path.split(/[/\\]/);
  const name = names.pop();
  const folders = names.filter(Boolean);
  return { name, folder: `${folders.length > 2 ? "\u2026/" : ""}${folders.slice(-2).join("/")}` };
}
