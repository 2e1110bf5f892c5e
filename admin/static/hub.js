"use strict";
// What a page cannot do by itself: open a dialog, copy a text, tell that a part of the page could not be loaded.

document.addEventListener("click", async (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) {
    const dialog = document.getElementById(opener.dataset.opens);
    // what is still to come must not be taken for what was there the last time
    if (opener.hasAttribute("hx-target")) { document.querySelector(opener.getAttribute("hx-target")).replaceChildren(); }
    dialog.showModal();
  }
  const closer = event.target.closest("[data-closes]");
  if (closer) {
    closer.closest("dialog").close();
  }
  const copier = event.target.closest("[data-copies]");
  if (copier) {
    const source = document.getElementById(copier.dataset.copies);
    const was = copier.textContent;
    try {
      await navigator.clipboard.writeText(source.textContent.trim());
      copier.textContent = "Copied";
    } catch {
      // without https a browser may keep its clipboard to itself: the text is selected instead
      const range = document.createRange();
      range.selectNodeContents(source);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      copier.textContent = "Press Ctrl+C";
    }
    setTimeout(() => { copier.textContent = was; }, 2500);
  }
});

// a button that did its work once does not do it again while the answer is on its way
document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (button && event.target.method === "post" && !event.target.hasAttribute("hx-post")) {
    setTimeout(() => { button.disabled = true; if (button.dataset.busy) { button.textContent = button.dataset.busy; } }, 0);
  }
});

// a page that comes back from the browser's memory has its buttons again
window.addEventListener("pageshow", (event) => {
  if (event.persisted) {
    for (const button of document.querySelectorAll("button[disabled]")) { button.disabled = false; }
  }
});

document.addEventListener("htmx:configRequest", (event) => {
  const { elt, headers } = event.detail;
  headers["X-CSRF-Token"] = document.querySelector("meta[name=csrf]").content;
  if (elt.hasAttribute("data-polls")) {
    headers["X-Poll"] = "1";
  }
});

// on a phone the menu is a strip: the page that is shown has to be in sight
document.querySelector(".menu [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

function say(text) {
  const toast = document.createElement("p");
  toast.className = "notice bad";
  toast.textContent = text;
  document.getElementById("toasts").append(toast);
  setTimeout(() => toast.remove(), 8000);
}

document.addEventListener("htmx:responseError", (event) => {
  let text = "The hub could not do this.";
  try {
    const problem = JSON.parse(event.detail.xhr.responseText);
    text = problem.detail || text;
  } catch {
    // not a problem document: the sentence above must do
  }
  say(text);
});

let isAway = false;
document.addEventListener("htmx:sendError", () => {
  if (!isAway) { say("The hub does not answer. This page goes on by itself when it is back."); }
  isAway = true;
});
document.addEventListener("htmx:afterRequest", (event) => {
  // a dialog whose form was sent is done: what became of it shows on the page
  if (event.detail.elt.matches("dialog form")) { event.detail.elt.closest("dialog").close(); }
  if (event.detail.successful) { isAway = false; }
});
