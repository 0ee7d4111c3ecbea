
(() => {
  const form = document.querySelector(".filter");
  const said = form.querySelector("output");
  const fields = [...form.querySelectorAll("[data-filter]")];
  const cards = [...document.querySelectorAll("article")].map((card) => ({
    card,
    words: card.textContent.toLowerCase(),
    data: { ...card.dataset },
  }));
  const fits = {
    words: (one, wanted) => wanted.toLowerCase().split(/\s+/).every((w) => one.words.includes(w)),
    findings: (one, wanted) => {
      const codes = one.data.findings.split(" ").filter(Boolean);
      if (wanted === "any") return codes.length > 0;
      return wanted === "none" ? codes.length === 0 : codes.includes(wanted);
    },
    chapter: (one, wanted) => one.data.chapter.split(" ").includes(wanted),
  };
  const equals = (name) => (one, wanted) => one.data[name] === wanted;
  const count = (number) => number.toLocaleString("en");
  const update = () => {
    const asked = fields
      .map((field) => [field.dataset.filter, field.value.trim()])
      .filter(([, wanted]) => wanted);
    let shown = 0;
    for (const one of cards) {
      one.card.hidden = !asked.every(([name, wanted]) => (fits[name] ?? equals(name))(one, wanted));
      if (!one.card.hidden) shown += 1;
    }
    const all = `${count(cards.length)} picture${cards.length === 1 ? "" : "s"}`;
    said.textContent = asked.length ? `${count(shown)} of ${all}` : all;
  };
  for (const field of fields) field.addEventListener("input", update);
  form.querySelector("button").addEventListener("click", () => {
    for (const field of fields) field.value = "";
    update();
    fields[0].focus();
  });
  // A browser may have kept what was typed before the page was loaded again.
  form.hidden = false;
  update();
  // A link to a picture leads to it, whatever is filtered away.
  const reveal = () => {
    const card = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!card || !card.hidden) return;
    for (const field of fields) field.value = "";
    update();
    card.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
})();
