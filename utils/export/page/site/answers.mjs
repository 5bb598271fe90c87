// What is shown: the questions that the model answers, and a card for each picture. Text only ever goes in as text.

const FEW = 5; // classes shown at once
const NAMELESS = "label"; // the head of a model with one question
const POLICIES = {
  squash: "stretched",
  crop: "cut to its middle",
  pad: "with a plain border where it does not fit",
};

/** A new element with some properties and children. */
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** "cat, dog or owl", or the first few of many. */
export function listed(names, most = 6) {
  if (names.length > most) return `${names.slice(0, most - 1).join(", ")} and ${names.length - most + 1} more`;
  return `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
}

/** The page's title and its questions. */
export function showQuestions({ heads, preprocessing, architecture, precision }) {
  const questions = Object.entries(heads);
  const [[, classes]] = questions;
  const title = isAlone(heads) ? `${capital(listed(classes))}?` : `${capital(listed(Object.keys(heads)).replace(" or ", " and "))}`;
  document.title = title;
  document.getElementById("title").textContent = title;
  const shown = questions.filter(([, names]) => !isAlone(heads) || names.length > FEW + 1);
  document.getElementById("questions").replaceChildren(...shown.map(([head, names]) => question(head, names, isAlone(heads))));
  const [height, width] = preprocessing.size;
  document.getElementById("about").textContent =
    `The model: ${architecture}, ${precision}. It sees each picture at ${width} x ${height} pixels, ${POLICIES[preprocessing.policy]}.`;
}

function question(head, names, alone) {
  const summary = alone ? `All ${names.length} classes` : `${head}: ${listed(names)}`;
  if (names.length <= FEW + 1) return make("p", {}, summary);
  return make("details", {}, make("summary", {}, summary), make("p", {}, names.join(", ")));
}

/** A card for a picture that is being looked at. */
export function newCard(name) {
  const image = make("img", { alt: `The picture ${name}`, hidden: true });
  const said = make("div", { className: "said" }, make("p", { className: "quiet" }, "Looking …"));
  const card = make("li", { className: "card" }, make("div", { className: "frame" }, image),
    make("div", { className: "body" }, make("h3", {}, name), said));
  const fill = (...children) => said.replaceChildren(...children);
  return {
    card,
    showImage(address) {
      Object.assign(image, { src: address, hidden: false });
    },
    showAnswers: (answers) => fill(...Object.entries(answers).map(([head, ranked]) => block(head, ranked, isAlone(answers)))),
    showProblem(text) {
      card.classList.add("wrong");
      fill(make("p", { className: "problem" }, text));
    },
  };
}

/** "cat, 93.1 %", or of several heads "screen: paper, 80.0 %; ...". */
export function inWords(answers) {
  const parts = Object.entries(answers).map(([head, [best]]) => {
    const said = `${best.name}, ${percent(best.probability)}`;
    return isAlone(answers) ? said : `${head}: ${said}`;
  });
  return parts.join("; ");
}

/** One place behind the point, and no "0.0 %" or "100.0 %" of what is neither. */
export function percent(probability) {
  const rounded = (probability * 100).toFixed(1);
  if (rounded === "0.0" && probability > 0) return "< 0.1 %";
  if (rounded === "100.0" && probability < 1) return "> 99.9 %";
  return `${rounded} %`;
}

function block(head, ranked, alone) {
  const list = make("ol", { className: "bars" }, ...ranked.slice(0, FEW).map(bar));
  const element = make("section", {}, ...(alone ? [] : [make("h4", {}, head)]), list);
  if (ranked.length > FEW + 1) element.append(showAll(ranked, list));
  else list.append(...ranked.slice(FEW).map(bar));
  return element;
}

function bar({ name, probability }) {
  const filled = make("span", { className: "filled" });
  filled.style.width = `${probability * 100}%`;
  const track = make("span", { className: "track" }, filled);
  track.setAttribute("aria-hidden", "true"); // the number says it
  return make("li", {}, make("span", { className: "name" }, name), track, make("span", { className: "percent" }, percent(probability)));
}

function showAll(ranked, list) {
  const button = make("button", { type: "button", className: "small" });
  const set = (all) => {
    list.replaceChildren(...ranked.slice(0, all ? ranked.length : FEW).map(bar));
    button.textContent = all ? `Show the first ${FEW}` : `Show all ${ranked.length} classes`;
    button.setAttribute("aria-expanded", String(all));
  };
  button.addEventListener("click", () => set(button.getAttribute("aria-expanded") !== "true"));
  set(false);
  return button;
}

const isAlone = (heads) => Object.keys(heads).length === 1 && NAMELESS in heads;

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
