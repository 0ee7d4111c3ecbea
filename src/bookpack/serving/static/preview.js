// The page is shown anew as soon as the server has another state of the book.
"use strict";
(() => {
  const { state, events } = document.currentScript.dataset;
  new EventSource(events).addEventListener("message", (event) => {
    if (event.data !== state) location.reload();
  });

  // Findings that were folded away stay so on other pages, and when a page is shown anew.
  const findings = document.querySelector(".bp-findings");
  if (!findings) return;
  findings.open = sessionStorage.getItem("bp-findings") !== "folded";
  findings.addEventListener("toggle", () => {
    sessionStorage.setItem("bp-findings", findings.open ? "open" : "folded");
  });
})();
