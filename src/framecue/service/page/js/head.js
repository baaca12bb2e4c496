// The line under the head is there only while something lies below it.

import { $ } from "./dom.js";

/** Begin. */
export function startHead() {
  const show = () => $(".head").toggleAttribute("data-stuck", window.scrollY > 4);
  window.addEventListener("scroll", show, { passive: true });
  show();
}
