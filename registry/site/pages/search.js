
"use strict";
const query = document.getElementById("query");
const count = document.getElementById("count");
const items = Array.from(document.querySelectorAll("ul.templates li"), (element) => ({
  element,
  text: element.textContent.toLowerCase(),
}));

function search() {
  const words = query.value.toLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  for (const { element, text } of items) {
    element.hidden = !words.every((word) => text.includes(word));
    found += element.hidden ? 0 : 1;
  }
  for (const section of document.querySelectorAll("section")) {
    section.hidden = !section.querySelector("li:not([hidden])");
  }
  count.textContent = words.length ? `${found} of ${items.length} templates` : `${items.length} templates`;
}

document.querySelector(".search").hidden = false;
query.addEventListener("input", search);
query.value = new URLSearchParams(location.search).get("q") ?? query.value;
search();
