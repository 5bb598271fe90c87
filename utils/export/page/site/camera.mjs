// The camera, where the browser has one and the reader lets it: a still picture of it goes the way of any other.

const at = (id) => document.getElementById(id);
let stream = null;

/** Show the camera's button, and hand each picture taken to take(name, bitmap); what goes wrong to tell(text). */
export function offerCamera(take, tell) {
  if (!navigator.mediaDevices?.getUserMedia) return;
  at("camera-open").hidden = false;
  at("camera-open").addEventListener("click", () => open(tell));
  at("camera-close").addEventListener("click", close);
  at("camera-take").addEventListener("click", async () => {
    const time = new Date().toLocaleTimeString("en-GB");
    take(`Camera, ${time}`, await createImageBitmap(at("video")));
  });
}

async function open(tell) {
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" }, audio: false });
  } catch (error) {
    const refused = error.name === "NotAllowedError";
    return tell(refused ? "The camera was not allowed. The browser's settings of this page can change that." : "No camera can be opened here.");
  }
  at("video").srcObject = stream;
  show(true);
  await at("video").play();
  at("camera-take").focus();
}

function close() {
  stream?.getTracks().forEach((track) => track.stop());
  at("video").srcObject = stream = null;
  show(false);
  at("camera-open").focus();
}

function show(open) {
  at("camera").hidden = !open;
  at("camera-open").hidden = open;
}
