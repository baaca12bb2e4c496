// Pictures and videos that were dropped or pasted onto the page, as a part of the query. They are kept as long as the page
// is, so going back and forward finds them; they are sent with each search and never stand in the address.

import { kindOf } from "./uploads.js";

const files = new Map();
// Numbers of before a reload stay in the browser's history, and must not come to stand for other files.
let last = Date.now();

/** Keep a file, and return the number that stands for it in the state: update({file: keep(file), like: []}). */
export function keep(file) {
  last += 1;
  files.set(last, { file, url: URL.createObjectURL(file) });
  return last;
}

/** Return {file, url} of a number, `url` for an <img> or <video>; null after a reload. */
export function kept(number) {
  return files.get(number) ?? null;
}

/** Whether a file is a video, by what the browser takes it for, or by its name where the browser does not know. */
export function isVideo(file) {
  return kindOf(file) === "video";
}
