// The page is shown anew as soon as the server has another state of the book.
"use strict";
(() => {
  const { state, events } = document.currentScript.dataset;
  new EventSource(events).addEventListener("message", (event) => {
    if (event.data !== state) location.reload();
  });
})();
