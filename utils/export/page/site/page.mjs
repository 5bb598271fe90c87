// The page at work: pictures come in by choice, drop, paste or camera, and are answered one after the other.

import { inWords, newCard, showQuestions } from "./answers.mjs";
import { offerCamera } from "./camera.mjs";
import { openFacts, openModel } from "./model.mjs";
import { checkReading, openPicture, PictureError, prepared, thumbnail } from "./pictures.mjs";

const FEW = 3; // names in a sentence
const at = (id) => document.getElementById(id);
const tell = (text) => (at("status").textContent = text);
const breath = () => new Promise((resolve) => setTimeout(resolve)); // lets the browser draw between two pictures
let model = null; // the promise of it: pictures may come before it is loaded
let turn = Promise.resolve(); // the pictures that are waiting; each lot begins when the one before has ended

async function start() {
  at("ask").hidden = false;
  model = openModel();
  listen();
  try {
    checkReading();
    await Promise.all([openFacts().then(showQuestions), model]);
    if (at("answers").hidden) tell("Ready. Nothing that you choose leaves this machine.");
  } catch (error) {
    at("reason").textContent = error.message ?? String(error);
    at("failed").hidden = false;
    at("ask").hidden = true;
  }
}

function listen() {
  at("files").addEventListener("change", () => {
    ask([...at("files").files]);
    at("files").value = ""; // so that the same file can be chosen again
  });
  for (const name of ["dragover", "drop"]) document.addEventListener(name, (event) => event.preventDefault());
  document.addEventListener("dragover", () => at("drop").classList.add("over"));
  for (const name of ["dragleave", "drop"]) document.addEventListener(name, () => at("drop").classList.remove("over"));
  document.addEventListener("drop", (event) => ask([...event.dataTransfer.files], "dropped"));
  document.addEventListener("paste", (event) => ask([...event.clipboardData.files], "pasted"));
  at("clear").addEventListener("click", clear);
  offerCamera((name, bitmap) => askAll([{ name, open: async () => ({ bitmap, isJpeg: false }) }]), tell);
}

function ask(files, how = "chosen") {
  if (!files.length) return tell(`What was ${how} is no file. Save the picture first, then choose its file.`);
  askAll(files.map((file) => ({ name: file.name, open: () => openPicture(file) })));
}

/** The newest lot stands on top, its pictures in their order. */
function askAll(pictures) {
  const cards = pictures.map(({ name }) => newCard(name));
  at("answers").hidden = false;
  at("cards").prepend(...cards.map(({ card }) => card));
  tell(pictures.length > 1 ? `Looking at ${pictures.length} pictures …` : "Looking …");
  turn = turn.then(() => answerAll(pictures, cards));
}

async function answerAll(pictures, cards) {
  const said = [];
  for (const [number, picture] of pictures.entries()) {
    if (!cards[number].card.isConnected) continue; // removed meanwhile
    said.push(await answerOne(picture, cards[number]));
    await breath();
  }
  tell(summary(said));
}

/** {name, words, ok} of one picture. A picture that cannot be answered is named, and the others go on. */
async function answerOne({ name, open }, card) {
  try {
    const picture = await open();
    try {
      card.showImage(URL.createObjectURL(await thumbnail(picture.bitmap)));
      const { facts, answer } = await model;
      const answers = await answer(prepared(picture, facts.preprocessing));
      card.showAnswers(answers);
      return { name, words: `${name}: ${inWords(answers)}.`, ok: true };
    } finally {
      picture.bitmap.close();
    }
  } catch (error) {
    const told = error instanceof PictureError ? error.message : `It cannot be answered: ${error.message ?? error}`;
    card.showProblem(told);
    return { name, words: `${name}: ${told}`, ok: false };
  }
}

function summary(said) {
  if (said.length <= 1) return said.map(({ words }) => words).join("");
  const wrong = said.filter(({ ok }) => !ok).map(({ name }) => name);
  const which = wrong.length > FEW ? `${wrong.slice(0, FEW).join(", ")} and more` : wrong.join(", ");
  return `${said.length - wrong.length} of ${said.length} pictures answered${which && `; without an answer: ${which}`}.`;
}

function clear() {
  for (const image of at("cards").querySelectorAll("img[src]")) URL.revokeObjectURL(image.src);
  at("cards").replaceChildren();
  at("answers").hidden = true;
  tell("All pictures are removed.");
  at("files").focus();
}

if (!document.documentElement.hasAttribute("data-cannot")) start();
