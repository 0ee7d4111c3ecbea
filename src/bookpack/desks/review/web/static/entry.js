// One entry: the paragraph with its change, or a picture beside its description.

import { asChange, asDiff, at, make, stateOf } from "./page.js";
import { store } from "./store.js";

/** What the shown entry looked like when it was fetched, and the words of a description then. */
export const shown = { id: "", details: null };

const FOR = {
  description: ["accept", "save", "ask", "skip"],
  other: ["accept", "reject", "edit", "skip"],
};

/** Show that there is nothing to decide. */
export function showNothing() {
  Object.assign(shown, { id: "", details: null });
  at("entry").dataset.id = "";
  const isEmpty = store.entries.size === 0;
  at("entry-title").textContent = isEmpty ? "There is nothing to decide"
    : "Nothing left that passes the filter";
  at("badges").replaceChildren();
  at("change").hidden = at("description").hidden = at("actions").hidden = true;
  at("position").textContent = "";
  at("previous").disabled = at("next").disabled = true;
}

/** Show an entry with its details, and with what somebody has typed for it. */
export function showEntry(details) {
  const isSame = shown.id === details.id;
  const isPicture = details.kind === "description";
  Object.assign(shown, { id: details.id, details });
  at("entry").dataset.id = details.id;
  at("entry-title").textContent = isPicture ? details.name
    : `${details.path}${details.line ? `:${details.line}:${details.column}` : ""}`;
  showBadges(details);
  showActions(details);
  at("change").hidden = isPicture;
  at("description").hidden = !isPicture;
  if (isPicture) showPicture(details);
  else showChange(details, isSame);
  showPosition();
  if (!isSame) showMark();
}

/** Show where in the queue we are. */
export function showPosition() {
  const place = store.shown.indexOf(store.at);
  at("position").textContent = place < 0 ? ""
    : `${(place + 1).toLocaleString("en")} / ${store.shown.length.toLocaleString("en")}`;
  at("previous").disabled = place <= 0;
  at("next").disabled = place < 0 || place >= store.shown.length - 1;
}

/** Return what the boxes of a description hold. */
export function words() {
  const form = at("words").elements;
  return { title: form.title.value, alt: form.alt.value, text: form.text.value };
}

/** Tell whether somebody has changed the words of the description that is shown. */
export function isEdited() {
  if (shown.details?.kind !== "description") return false;
  return Object.entries(words()).some(([name, value]) => value !== shown.details[name]);
}

/** Name the buttons after what they do to the words in the boxes. */
export function nameActions() {
  const { details } = shown;
  if (details?.kind !== "description") return;
  const isKept = details.engines[0] !== "nobody";
  const [approve, ask] = ["accept", "ask"].map(
    (name) => at("actions").querySelector(`[data-do="${name}"]`));
  approve.firstElementChild.textContent = isEdited() ? "Save and approve" : "Approve";
  at("words-cancel").hidden = !isEdited();
  approve.disabled = details.asking || !(isEdited() || (isKept && details.state !== "accepted"));
  ask.textContent = isKept ? "Ask again" : "Ask a model";
}

function showBadges(details) {
  const isOpen = details.state === "open";
  const badges = isOpen ? [] : [[stateOf(details), details.state]];
  badges.push([details.category, ""]);
  if (details.kind === "description") {
    badges.push([details.status, ""]);
    if (details.described_by) badges.push([`by ${details.described_by}`, ""]);
  } else {
    badges.push([details.engines.join(", "), ""]);
    if (details.confidence >= 0) badges.push([`${Math.round(details.confidence * 100)} % sure`, ""]);
    if (details.alone) badges.push(["decided by itself alone", "rewrite"]);
  }
  at("badges").replaceChildren(...badges.map(([text, className]) => make("li", { className }, text)));
}

function showActions(details) {
  const isPicture = details.kind === "description";
  const isOpen = ["open", "skipped"].includes(details.state);
  at("actions").hidden = false;
  for (const button of at("actions").children) {
    const name = button.dataset.do;
    const isWanted = FOR[isPicture ? "description" : "other"].includes(name);
    button.hidden = name === "reopen" ? isOpen || details.state === "lost" : !isWanted;
    button.disabled = false;
    button.title = "";
    if (details.state === "lost" && ["accept", "edit"].includes(name)) button.disabled = true;
    if (name === "accept" && details.state === "accepted") button.disabled = true;
    if (name === "reject") button.disabled = details.state === "rejected";
    if (name === "skip") button.disabled = details.state === "skipped";
    if (name === "ask") {
      button.disabled = Boolean(details.no_asking) || details.asking;
      button.title = details.no_asking ?? "";
    }
    if (isPicture && details.asking && name !== "skip") button.disabled = true;
  }
  at("actions").querySelector('[data-do="accept"] span').textContent =
    isPicture ? "Approve" : "Accept";
}

function showChange(details, isSame) {
  at("paragraph").replaceChildren(...asDiff(details.pieces));
  at("above").textContent = details.above;
  at("below").textContent = details.below;
  at("why").textContent = details.why;
  at("refused").hidden = !details.refused;
  at("refused").textContent = details.refused ? `It cannot be accepted: ${details.refused}.` : "";
  const rivals = details.rivals.map((id) => store.entries.get(id)).filter(Boolean);
  at("rivals").hidden = rivals.length === 0;
  at("rival-list").replaceChildren(...rivals.map((entry) => make("li", {},
    make("button", { type: "button", data: { id: entry.id } },
      ...asChange(entry),
      make("span", { className: "quiet" }, ` ${entry.engines.join(", ")} · ${stateOf(entry)}`)))));
  if (isSame) return;
  closeEdit();
  if (store.drafts.has(details.id)) fillEdit(store.drafts.get(details.id).edit);
}

const isWide = () => matchMedia("(min-width: 60rem)").matches;

/** Scroll to what goes and comes where a long paragraph keeps it out of sight. */
function showMark() {
  // Beside the queue the entry scrolls by itself; on a phone the page does.
  const pane = isWide() ? at("entry") : document.scrollingElement;
  if (isWide()) pane.scrollTop = 0;
  const mark = at("paragraph").querySelector("del, ins");
  if (!mark || at("change").hidden) return;
  const { top, bottom } = mark.getBoundingClientRect();
  const first = document.querySelector(".top").getBoundingClientRect().bottom;
  const last = Math.min(at("actions").getBoundingClientRect().top, innerHeight);
  if (top < first || bottom > last) pane.scrollTop += (top + bottom - first - last) / 2;
}

/** Go to where the entry is shown: on a phone it stands above the list that was tapped. */
export function bringIntoSight() {
  if (isWide()) return;
  at("entry").focus({ preventScroll: true });
  at("entry").scrollIntoView({ block: "start" });
  showMark();
}

/** Open the box in which another text is written. */
export function openEdit() {
  if (at("edit-form").hidden) fillEdit(shown.details.text);
  at("edit-text").focus();
  at("edit-text").select();
}

function fillEdit(text) {
  at("edit-form").hidden = false;
  const { before } = shown.details;
  at("edit-label").textContent = before ? `Text to write instead of “${before}”` : "Text to put in";
  at("edit-text").value = text;
  nameEdit();
}

/** Name the button of that box after what it does: an empty text takes the words out. */
export function nameEdit() {
  const takesOut = !at("edit-text").value && shown.details.before;
  at("edit-write").textContent = takesOut ? `Take “${shown.details.before}” out` : "Write it";
}

/** Close that box; tell whether it was open. */
export function closeEdit() {
  const wasOpen = !at("edit-form").hidden;
  at("edit-form").hidden = true;
  return wasOpen;
}

function showPicture(details) {
  const typed = store.drafts.get(details.id);
  const isOvertaken = typed !== undefined && typed.seen !== details.seen;
  const image = at("picture");
  const isShown = Boolean(details.picture);
  if (image.getAttribute("src") !== details.picture) {
    if (isShown) image.src = details.picture;
    else image.removeAttribute("src");
  }
  image.hidden = !isShown;
  at("no-picture").hidden = isShown;
  image.alt = details.alt || details.title || `The picture ${details.name}`;
  at("picture-name").textContent = details.name;
  const form = at("words").elements;
  for (const name of ["title", "alt", "text"]) form[name].value = typed?.words[name] ?? details[name];
  const trouble = details.asking ? "The model is looking at the picture …"
    : details.trouble ? `Not described anew: ${details.trouble}`
      : isOvertaken ? "Somebody has written this description meanwhile: their words stand below. "
        + "What you save now replaces them." : "";
  at("asking").hidden = !trouble;
  at("asking").textContent = trouble;
  nameActions();
  const theirs = [details.title, details.alt, details.text].filter(Boolean).join("\n");
  const facts = [
    ["Written meanwhile", isOvertaken ? theirs || "nothing" : ""],
    ["Where", details.places.map(([path, line]) => `${path}:${line}`).join(", ")],
    ["Caption", details.captions.join(" · ")],
    ["Author’s own short text", details.author_alts.join(" · ")],
    ["Words in it", details.words.join(" · ")],
    ["Kept in", details.file],
    ["Ask again", details.no_asking],
  ];
  at("facts").replaceChildren(...facts.filter(([, value]) => value).flatMap(([name, value]) =>
    [make("dt", {}, name), make("dd", { dir: "auto" }, value)]));
}
