// A server that wants a token: it is asked for once, and the server gives a cookie for it, which pictures and videos need too.

import { address, when } from "./api.js";
import { $, el } from "./dom.js";
import { put } from "./note.js";

const WRONG = "This is not the token of this server.";
const LOST = "The server cannot be reached.";

/** Begin. */
export function startToken() {
  const dialog = $("#token");
  when("denied", () => {
    if (!dialog.open) dialog.showModal();
  });
  // Whoever puts the question away can have it back.
  dialog.addEventListener("close", () => {
    const again = el("button", { class: "button", type: "button", onclick: () => dialog.showModal() }, "Enter the token");
    put("error", [el("h2", { class: "note-head" }, $("#token-title").textContent), again]);
  });
  $("#token-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const problem = await enter($("#token-input").value);
    if (problem === null) {
      window.location.reload();
      return;
    }
    $("#token-problem").hidden = false;
    $("#token-problem").textContent = problem;
    $("#token-input").select();
  });
}

/** Give a token to the server, and return what is wrong with it; null if it is right. */
async function enter(token) {
  try {
    // The answer sets the cookie. The token never stands in the page's own address, so not in the history either.
    await fetch(address("/", { token: token.trim() }), { cache: "no-store" });
    const answer = await fetch(address("/api/libraries"), { cache: "no-store" });
    return answer.status === 401 ? WRONG : null;
  } catch {
    return LOST;
  }
}
