// What a page can do besides being read. Without this file everything can still be read.
"use strict";
(() => {
  const root = document.documentElement;
  const words = document.querySelector("body > template.words")?.content.firstElementChild?.dataset ?? {};
  // A chapter in another language than its book runs its own way, and what stands around does not.
  const backwards = getComputedStyle(document.body).direction === "rtl";
  const make = (name, properties, ...children) => {
    const element = Object.assign(document.createElement(name), properties);
    element.append(...children);
    return element;
  };

  // The element that a link leads to on this page. An id may hold a percent sign of its own.
  const targetOf = ({ hash }) => {
    const name = hash.slice(1);
    try {
      return document.getElementById(name) ?? document.getElementById(decodeURIComponent(name));
    } catch {
      return null;
    }
  };

  // Colours: as the system, light, dark.
  const theme = document.querySelector("button.theme");
  if (theme) {
    const modes = ["", "light", "dark"];
    const names = theme.dataset.names.split("|");
    const say = () => {
      const mode = names[modes.indexOf(root.dataset.theme ?? "")];
      theme.title = `${theme.dataset.label}: ${mode}`;
      theme.setAttribute("aria-label", theme.title);
    };
    theme.addEventListener("click", () => {
      const mode = modes[(modes.indexOf(root.dataset.theme ?? "") + 1) % modes.length];
      if (mode) root.dataset.theme = mode; else delete root.dataset.theme;
      try {
        if (mode) localStorage.setItem("theme", mode); else localStorage.removeItem("theme");
      } catch { /* a reader who allows no storage chooses for this page alone */ }
      say();
    });
    say();
  }

  // What was done is also told to those who do not see it.
  const status = make("div", { className: "status", ariaLive: "polite" });
  document.querySelector("main")?.append(status);
  let silence;
  const tell = (message, button) => {
    status.textContent = message;
    clearTimeout(silence);
    silence = setTimeout(() => { status.textContent = ""; }, 1500);
    if (button.classList.contains("done")) return;
    const before = button.textContent;
    button.classList.add("done");
    if (before) button.textContent = message;
    setTimeout(() => {
      button.classList.remove("done");
      button.textContent = before;
    }, 1500);
  };
  const copy = async (text, button) => {
    await navigator.clipboard.writeText(text);
    tell(words.copied, button);
  };

  // Code can be copied.
  for (const pre of document.querySelectorAll("article pre:not(.mermaid)")) {
    if (!navigator.clipboard) break;
    const button = make("button", { type: "button", className: "copy", textContent: words.copy });
    const box = make("div", { className: "code" });
    pre.replaceWith(box);
    box.append(pre, button);
    button.addEventListener("click", () => copy(pre.textContent, button));
  }

  // A click on a heading's mark copies the address of its section.
  document.addEventListener("click", (event) => {
    const anchor = event.target.closest?.("a.anchor");
    if (anchor) navigator.clipboard?.writeText(anchor.href).catch(() => {});
  });

  // The page and each of its sections can be copied as Markdown, with the address of the source.
  const headingsOf = (lines) => {
    const found = [];
    let fence = "";
    let paragraph = -1;
    lines.forEach((line, number) => {
      const mark = /^ {0,3}(`{3,}(?!.*`)|~{3,})/.exec(line)?.[1];
      const level = /^ {0,3}(#{1,6})(?:\s|$)/.exec(line)?.[1].length;
      const under = paragraph >= 0 ? /^ {0,3}(?:(=+)|-+)\s*$/.exec(line) : null;
      let text = false;
      if (fence) {
        if (mark?.startsWith(fence) && line.trim() === mark) fence = "";
      } else if (mark) fence = mark;
      else if (level) found.push({ start: number, end: number + 1, level });
      else if (under) found.push({ start: paragraph, end: number + 1, level: under[1] ? 1 : 2 });
      else text = /\S/.test(line) && (paragraph >= 0 || !/^(?: {4}|\t| {0,3}(?:[>|<]|[-+*]\s|\d+[.)]\s))/.test(line));
      paragraph = !text ? -1 : paragraph < 0 ? number : paragraph;
    });
    return found;
  };
  const sectionOf = (text, heading, shown, address) => {
    const lines = text.split("\n");
    const found = headingsOf(lines);
    let index = found.findIndex(({ end }) => lines[end] === `url: ${address}`);
    if (index < 0 && found.length === shown.length) index = shown.indexOf(heading);
    if (index < 0) throw new Error("unknown section");
    const { start, end, level } = found[index];
    const next = found.slice(index + 1).find((one) => one.level <= level);
    const inside = lines.slice(end, next?.start);
    if (!inside[0]?.startsWith("url: ")) inside.unshift(`url: ${address}`);
    const section = [...lines.slice(start, end), ...inside].join("\n").trimEnd();
    // Footnotes and definitions of links may stand elsewhere.
    const named = section.toLowerCase();
    const definitions = text.match(/^ {0,3}\[[^\]\n]+\]:.*(?:\n+(?: {4}|\t).*)*/gm) ?? [];
    const missing = definitions.filter((definition) => {
      const label = definition.slice(0, definition.indexOf("]:") + 1).trim().toLowerCase();
      return named.includes(label) && !section.includes(definition);
    });
    return `${[section, ...missing].join("\n\n")}\n`;
  };
  const menu = document.querySelector(".page-menu");
  menu?.addEventListener("beforetoggle", () => {
    const button = document.querySelector(`[popovertarget="${menu.id}"]`).getBoundingClientRect();
    const [side, distance] = backwards ? ["left", button.left] : ["right", root.clientWidth - button.right];
    Object.assign(menu.style, { inset: "auto", margin: "0", top: `${button.bottom + 5}px`, [side]: `${distance}px` });
  });
  const copyPage = document.querySelector(".copy-page");
  if (copyPage && navigator.clipboard) {
    const { markdown, section, failed } = copyPage.dataset;
    const address = document.querySelector('link[rel="canonical"]').getAttribute("href");
    let page;
    const fetched = () => page ??= fetch(markdown).then((answer) => {
      if (!answer.ok) throw new Error(answer.statusText);
      return answer.text();
    });
    const take = async (button, choose) => {
      try {
        const text = fetched().then(choose);
        // Some browsers let a page write only right after a click, so they get the promise.
        if (globalThis.ClipboardItem) {
          const blob = text.then((chosen) => new Blob([chosen], { type: "text/plain" }));
          await navigator.clipboard.write([new ClipboardItem({ "text/plain": blob })]);
        } else await navigator.clipboard.writeText(await text);
        tell(words.copied, button);
      } catch {
        page = undefined;
        tell(failed, button);
      }
    };
    copyPage.addEventListener("click", () => take(copyPage, (text) => text));
    const shown = [...document.querySelectorAll("article :is(h1, h2, h3, h4, h5, h6)")]
      .filter((heading) => !heading.closest("blockquote, li, table, .callout, .footnotes, .description"));
    for (const heading of shown) {
      if (!heading.querySelector(".anchor")) continue;
      const label = section.replace("{title}", () => heading.textContent.trim());
      const button = make("button", { type: "button", className: "copy-section", title: label, ariaLabel: label });
      const place = `${address}#${heading.id}`;
      button.addEventListener("click", () => take(button, (text) => sectionOf(text, heading, shown, place)));
      heading.append(button);
    }
  } else copyPage?.parentElement.remove();

  // Footnotes open beside their mark.
  let note;
  document.addEventListener("click", (event) => {
    const mark = event.target.closest?.("a.noteref");
    if (!mark || !HTMLElement.prototype.showPopover || event.ctrlKey || event.metaKey) return;
    const target = targetOf(mark);
    if (!target) return;
    event.preventDefault();
    note?.remove();
    note = make("div", { className: "footnote", popover: "auto", tabIndex: -1 });
    note.append(...[...target.childNodes].map((node) => node.cloneNode(true)));
    note.querySelectorAll(".backref").forEach((link) => link.remove());
    note.querySelectorAll("[id]").forEach((element) => element.removeAttribute("id"));
    mark.after(note);
    note.showPopover();
    const place = mark.getBoundingClientRect();
    const box = note.getBoundingClientRect();
    const left = Math.min(Math.max(16, place.left - box.width / 2), innerWidth - box.width - 16);
    const below = place.bottom + 8;
    const top = below + box.height < innerHeight ? below : Math.max(8, place.top - box.height - 8);
    Object.assign(note.style, { position: "absolute", margin: "0", left: `${left + scrollX}px`, top: `${top + scrollY}px` });
    note.focus({ preventScroll: true });
    note.addEventListener("toggle", (change) => {
      if (change.newState === "closed") { note?.remove(); note = undefined; mark.focus({ preventScroll: true }); }
    });
  });

  // Lists show where the reader is. They scroll by themselves: the page stays where it is.
  const centre = (list) => {
    const entry = list.querySelector("[aria-current]");
    if (entry && list.scrollHeight > list.clientHeight) {
      list.scrollTop = entry.offsetTop - list.clientHeight / 2;
    }
  };
  const book = document.querySelector("nav.book");
  if (book) {
    centre(book);
    book.addEventListener("toggle", () => centre(book));
  }

  // The contents of the page follow the scroll.
  const entries = new Map();
  for (const link of document.querySelectorAll(".toc a")) {
    const heading = targetOf(link);
    if (heading) entries.set(heading, link);
  }
  if (entries.size) {
    const headings = [...entries.keys()];
    let current;
    const follow = () => {
      const passed = headings.filter((heading) => heading.getBoundingClientRect().top < 120);
      const link = entries.get(passed.at(-1) ?? headings[0]);
      if (link === current) return;
      current?.removeAttribute("aria-current");
      current = link;
      current.setAttribute("aria-current", "true");
      centre(current.closest(".toc"));
    };
    new IntersectionObserver(follow, { rootMargin: "-100px 0px 0px 0px" }).observe(headings[0]);
    let waiting = false;
    addEventListener("scroll", () => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => { waiting = false; follow(); });
    }, { passive: true });
    follow();
  }
  for (const list of document.querySelectorAll("nav[popover], .page-menu")) {
    list.addEventListener("click", (event) => {
      if (event.target.closest("a") && list.matches(":popover-open")) list.hidePopover();
    });
  }

  const show = (name, ...content) => {
    const close = make("button", { type: "button", textContent: words.close });
    const dialog = make("dialog", { ariaLabel: name }, ...content, close);
    close.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  };

  // Search comes when it is wanted, and is told what was typed until it came. Browsers load no
  // module and no index from a folder.
  const search = document.querySelector("button.search");
  let wanted;
  search?.addEventListener("click", async () => {
    if (location.protocol === "file:") {
      show(words.search, make("p", { textContent: words.searchOffline }));
      return;
    }
    wanted ??= new Promise((resolve) => {
      const style = make("link", { rel: "stylesheet", href: search.dataset.searchStyle });
      style.onload = style.onerror = resolve;
      document.head.append(style);
    });
    let typed = "";
    const keep = (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "Backspace") typed = typed.slice(0, -1);
      else if (event.key.length === 1) typed += event.key;
      else return;
      event.preventDefault();
      event.stopImmediatePropagation();
    };
    addEventListener("keydown", keep, true);
    try {
      const [{ open }] = await Promise.all([import(new URL(search.dataset.search, document.baseURI)), wanted]);
      open(typed);
    } catch {
      show(words.search, make("p", { textContent: words.searchFailed }));
    } finally {
      removeEventListener("keydown", keep, true);
    }
  });

  // Keys: arrows turn pages, `/` or `s` searches, `?` helps.
  const go = (relation) => document.querySelector(`main > .turn a[rel="${relation}"]`)?.click();
  const help = () => {
    const [previous, next, find, about] = words.keys.split("|");
    const backward = backwards ? "→" : "←";
    const forward = backwards ? "←" : "→";
    const rows = [[backward, previous], [forward, next], ["?", about]];
    if (search) rows.splice(2, 0, ["/", find]);
    const list = make("dl", {});
    for (const [key, meaning] of rows) {
      list.append(make("dt", {}, make("kbd", { textContent: key })), make("dd", { textContent: meaning }));
    }
    show(words.help, list);
  };
  document.addEventListener("keydown", (event) => {
    const other = event.ctrlKey || event.metaKey;
    if (search && other && event.key === "k" && !event.shiftKey && !event.altKey && !document.querySelector("dialog[open]")) {
      event.preventDefault();
      search.click();
    }
    if (other || event.altKey || event.defaultPrevented) return;
    if (event.target.closest?.("input, textarea, select, dialog, [contenteditable], [popover]:popover-open")) return;
    const wide = event.target.closest?.("pre, .table");
    const turn = backwards ? { ArrowRight: "prev", ArrowLeft: "next" } : { ArrowLeft: "prev", ArrowRight: "next" };
    if (turn[event.key] && !event.shiftKey && !wide) go(turn[event.key]);
    else if ((event.key === "/" || event.key === "s") && search) {
      event.preventDefault();
      search.click();
    } else if (event.key === "?") help();
  });

  // Text diagrams, where the author brought the library that draws them. Each scheme of colours
  // has its drawings; those in light colours are for print, too. What cannot be drawn stays text.
  const diagrams = [...document.querySelectorAll(".diagram > pre.mermaid")];
  if (globalThis.mermaid && diagrams.length) {
    const system = matchMedia("(prefers-color-scheme: dark)");
    const scheme = () => root.dataset.theme ?? (system.matches ? "dark" : "light");
    const show = () => {
      for (const { parentElement: figure } of diagrams) {
        const drawings = [...figure.querySelectorAll(":scope > .drawing")];
        const fitting = drawings.find((one) => one.classList.contains(scheme())) ?? drawings[0];
        for (const one of drawings) one.hidden = one !== fitting;
        figure.classList.toggle("drawn", drawings.length > 0);
      }
    };
    const drawIn = async (colours) => {
      const theme = colours === "dark" ? "dark" : "default";
      mermaid.initialize({ startOnLoad: false, suppressErrorRendering: true, theme });
      for (const [number, pre] of diagrams.entries()) {
        const name = `${document.querySelector("main").id}-${colours}-${number}`;
        try {
          const { svg } = await mermaid.render(name, pre.textContent);
          pre.after(make("div", { className: `drawing ${colours}`, innerHTML: svg }));
          show();
        } catch (error) {
          document.getElementById(`d${name}`)?.remove(); // what mermaid 10 says of it
          console.warn(error);
        }
      }
    };
    const drawn = new Set();
    let drawing = Promise.resolve();
    const draw = (colours) => {
      if (!drawn.has(colours)) drawing = drawing.then(() => drawIn(colours));
      drawn.add(colours);
    };
    const follow = () => {
      draw(scheme());
      draw("light");
      show();
    };
    theme?.addEventListener("click", follow);
    system.addEventListener("change", follow);
    follow();
  }

  // Looked at as files, addresses of folders open no page by themselves.
  if (location.protocol === "file:") {
    for (const link of document.querySelectorAll("a[href]")) {
      const target = new URL(link.href);
      if (target.protocol === "file:" && target.pathname.endsWith("/")) {
        target.pathname += "index.html";
        link.href = target.href;
      }
    }
  }
})();
