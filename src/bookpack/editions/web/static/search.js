// Search. Loaded when a reader opens it for the first time, and Pagefind when they type.
const root = new URL("../", import.meta.url);
const words = document.querySelector("body > template.words").content.firstElementChild.dataset;
const PAGES = 8; // chapters shown at a time
const SECTIONS = 4; // sections of one chapter
const make = (name, properties, ...children) => {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
};

let index;
const load = () => index ??= (async () => {
  const pagefind = await import(new URL("pagefind/pagefind.js", import.meta.url).href);
  const options = { baseUrl: root.pathname, excerptLength: 24 };
  await pagefind.options(options);
  await pagefind.init();
  const parts = await (await fetch(new URL("pagefind/parts.json", import.meta.url))).json();
  await Promise.all(Array.from({ length: parts - 1 }, (_, one) =>
    pagefind.mergeIndex(new URL(`pagefind/${one + 2}/`, import.meta.url).pathname, options)));
  return pagefind;
})();

// An excerpt has its words marked; whatever else could be markup in it is shown as text.
const marked = (excerpt) => {
  const parsed = new DOMParser().parseFromString(excerpt, "text/html").body;
  return [...parsed.childNodes].map((node) =>
    node.nodeName === "MARK" ? make("mark", { textContent: node.textContent }) : node.textContent);
};

const input = make("input", { type: "search", ariaLabel: words.search, placeholder: words.search,
  autocomplete: "off", spellcheck: false, enterKeyHint: "search" });
const close = make("button", { type: "button", textContent: words.close });
const state = make("p", { className: "search-state", role: "status", textContent: words.searchHelp });
const list = make("ol", { className: "search-results" });
const form = make("form", { role: "search" }, input, close);
const dialog = make("dialog", { className: "search-dialog", ariaLabel: words.search }, form, state, list);

const section = (found, title) => {
  const entry = make("a", { href: found.url },
    make("span", { className: "search-title", textContent: found.title || title }),
    make("span", { className: "search-excerpt" }, ...marked(found.excerpt)));
  return make("li", {}, entry);
};

const chapter = ({ url, excerpt, meta, sub_results: found }) => {
  const best = [...found].sort((one, other) => other.locations.length - one.locations.length)
    .slice(0, SECTIONS).sort((one, other) => found.indexOf(one) - found.indexOf(other));
  const sections = best.length ? best : [{ url, excerpt, title: meta.title }];
  return make("li", {}, make("p", { className: "search-chapter", textContent: meta.title }),
    make("ol", {}, ...sections.map((one) => section(one, meta.title))));
};

let asked = 0;
const search = async () => {
  const text = input.value.trim();
  const mine = ++asked;
  if (!text) {
    list.replaceChildren();
    state.textContent = words.searchHelp;
    return;
  }
  try {
    const pagefind = await load();
    const answer = await pagefind.debouncedSearch(text, {}, 120);
    if (answer === null || mine !== asked) return;
    let shown = 0;
    const more = async () => {
      const next = answer.results.slice(shown, shown + PAGES);
      const chapters = (await Promise.all(next.map((one) => one.data()))).map(chapter);
      if (mine !== asked) return;
      if (shown) list.lastElementChild.remove(); else list.replaceChildren();
      shown += next.length;
      list.append(...chapters);
      const first = chapters[0]?.querySelector("a");
      if (shown > PAGES) first?.focus();
      if (shown < answer.results.length) {
        const button = make("button", { type: "button", textContent: words.searchMore });
        button.addEventListener("click", more);
        list.append(make("li", { className: "search-more" }, button));
      }
      const count = list.querySelectorAll("a").length;
      const said = shown < answer.results.length ? words.searchFirst : words.searchCount;
      state.textContent = count ? said.replace("{count}", count) : words.searchNone;
    };
    await more();
  } catch {
    index = undefined;
    state.textContent = words.searchFailed;
  }
};

input.addEventListener("input", search);
// Without anything to give the focus back to, it would stay in the closed dialog.
const leave = () => {
  document.activeElement.blur();
  dialog.close();
};
close.addEventListener("click", leave);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  list.querySelector("a")?.click();
});
dialog.addEventListener("click", (event) => {
  if (event.target === dialog || event.target.closest("a")) leave();
});
dialog.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    event.preventDefault(); // a search field would only be emptied
    leave();
  }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
  const stops = [input, ...list.querySelectorAll("a, button")];
  const next = stops[stops.indexOf(document.activeElement) + step];
  event.preventDefault();
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
});

document.body.append(dialog);
export const open = (typed = "") => {
  if (!dialog.open) dialog.showModal();
  input.focus();
  if (typed) {
    input.value = typed;
    search();
  } else input.select();
};
