// Small tools of the page. Words of a book or a model become text nodes, never markup.

/** Return the element with this id. */
export const at = (id) => document.getElementById(id);

/** Make an element of words and elements. */
export function make(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  const { data = {}, attributes = {}, ...plain } = properties;
  Object.assign(made, plain);
  Object.assign(made.dataset, data);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

const MARKS = { " ": "␣", "\n": "⏎\n", "\t": "→", "\u00a0": "⍽" };

/** Return nodes for pieces: [sign, text] with sign "=", "-" or "+". */
export function asDiff(pieces) {
  return pieces.map(([sign, text]) => {
    if (sign === "=") return document.createTextNode(text);
    const [tag, word] = sign === "-" ? ["del", "removed"] : ["ins", "added"];
    // A space that comes or goes is seen by its mark alone.
    const shown = text.trim() ? text : [...text].map((one) => MARKS[one] ?? one).join("");
    return make(tag, {}, make("span", { className: "unseen" }, ` ${word}: `), shown);
  });
}

/** Return nodes for the short form of a change: what goes, what comes. */
export function asChange({ before, after }) {
  const [out, put] = [before, after].map((text) =>
    (text.trim() ? text : [...text].map((one) => MARKS[one] ?? one).join("")));
  const nodes = [];
  if (out) nodes.push(make("del", {}, out));
  if (out && put) nodes.push(" → ");
  if (put) nodes.push(make("ins", {}, put));
  return nodes;
}

let fading = 0;

/** Say what happened; `more` is for those alone who do not see where the page is now. */
export function say(words, isTrouble = false, more = "") {
  const place = at("said");
  place.replaceChildren(words, make("span", { className: "unseen" }, more));
  place.classList.toggle("is-trouble", isTrouble);
  place.classList.remove("is-old");
  clearTimeout(fading);
  if (!isTrouble) fading = setTimeout(() => place.classList.add("is-old"), 4000);
}

/** Ask the server; what it refuses becomes an Error with its sentence. */
export async function ask(path, body) {
  const options = body === undefined ? {} : {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Bookpack-Review": "1" },
    body: JSON.stringify(body),
  };
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Error("The review cannot be reached; has the command ended?");
  }
  const kind = answer.headers.get("Content-Type") ?? "";
  const value = kind.startsWith("application/json") ? await answer.json() : {};
  if (!answer.ok) {
    const error = new Error(value.error ?? `The review does not answer (${answer.status}).`);
    error.status = answer.status;
    throw error;
  }
  return value;
}

export const STATES = {
  open: "open", skipped: "skipped", accepted: "accepted", edited: "edited", rejected: "rejected",
  lost: "text has changed",
};

/** Return the word for an entry's state. */
export function stateOf(entry) {
  return entry.kind === "description" && entry.state === "accepted"
    ? "approved" : STATES[entry.state];
}
