// What the page knows: entries by id, in reading order, those that pass the filter, and where we are.

export const store = {
  revision: 0,
  entries: new Map(),
  shown: [],
  at: "",
  undo: "",
  drafts: new Map(),
  filter: { words: "", state: "open", chapter: "", category: "", engine: "" },
};

/**
 * Keep what somebody has typed for an entry and not written yet; nothing where `draft` is null.
 * Tell whether the entry has become one with a draft, or one without.
 */
export function keepDraft(id, draft) {
  const had = store.drafts.has(id);
  if (draft) store.drafts.set(id, draft);
  else store.drafts.delete(id);
  return had !== store.drafts.has(id);
}

/** Take in what the server told; return the entries that changed. */
export function takeIn(told) {
  for (const entry of told.entries) store.entries.set(entry.id, entry);
  // Answers may overtake each other; an older one must not set us back.
  store.revision = Math.max(store.revision, told.revision);
  store.undo = told.undo;
  return told.entries;
}

/** Tell whether an entry passes the filter, as the server's `matches` does. */
export function matches(entry, filter = store.filter) {
  const words = filter.words.toLowerCase();
  return (!filter.chapter || entry.path === filter.chapter)
    && (!filter.category || entry.category === filter.category)
    && (!filter.engine || entry.engines.includes(filter.engine))
    && (!filter.state || entry.state === filter.state)
    && (!words || [entry.before, entry.after, entry.path].some(
      (text) => text.toLowerCase().includes(words)));
}

/** Find out again what is shown. Where we are stays, whatever became of it. */
export function sift() {
  store.shown = [];
  for (const entry of store.entries.values()) {
    if (entry.id === store.at || matches(entry)) store.shown.push(entry.id);
  }
}

/** Return the id of the entry that follows (or, by -1, comes before) the one we are at. */
export function beside(step, isWanted = () => true) {
  const from = store.shown.indexOf(store.at);
  for (let place = from + step; store.shown[place] !== undefined; place += step) {
    if (isWanted(store.entries.get(store.shown[place]))) return store.shown[place];
  }
  return "";
}

export const current = () => store.entries.get(store.at);

/** Tell whether a bulk action may reach an entry. */
export const inBulk = (entry) => !entry.alone && ["open", "skipped"].includes(entry.state);
