// A picture file, or what the camera sees, to the pixels that a model gets: upright, RGB, laid on white where transparent,
// its colours as the numbers in the file say. What `open_image` of utils.data.images does, as near as a browser comes to it.

import { prepare, reduced } from "./resizing.mjs";

const MOST_BYTES = 2 ** 30; // the limits of utils.data.images
const MOST_PIXELS = 178_956_970;
const DECODE_MARGIN = 1.5; // of utils.data.resizing
const SCALES = [8, 4, 2];
const OPTIONS = { colorSpaceConversion: "none", imageOrientation: "from-image" };
const TRIAL = 8; // pixels a side
const COLOUR = [32, 64, 96, 255];
const NOISE = 8; // of 255; a little of it does no harm
const THUMBNAIL = 320; // pixels of its longer side

/** A picture that cannot be used; the message is for the reader. */
export class PictureError extends Error {}

/** An Error where the browser hands out noise instead of pixels, against tracking: a model would answer to that, unnoticed. */
export function checkReading() {
  const { context } = whiteCanvas(TRIAL, TRIAL);
  context.fillStyle = `rgb(${COLOUR.slice(0, 3)})`;
  context.fillRect(0, 0, TRIAL, TRIAL);
  const found = context.getImageData(0, 0, TRIAL, TRIAL).data;
  if (found.some((value, at) => Math.abs(value - COLOUR[at % 4]) > NOISE)) {
    throw new Error("This browser does not let a page read pictures as they are, to protect you from being recognised. " +
      "Allow it for this page (in Firefox: to extract canvas data), or take another browser.");
  }
}

/** An ImageBitmap of a file, and whether it is a JPEG. */
export async function openPicture(file) {
  if (file.size === 0) throw new PictureError("The file is empty, or it is a folder.");
  if (file.size > MOST_BYTES) throw new PictureError("The file is too large: over a gigabyte.");
  await checkPixels(file);
  try {
    return { bitmap: await decoded(file), isJpeg: await startsAsJpeg(file) };
  } catch {
    throw new PictureError("It starts as a picture, but cannot be decoded to its end. Fetch it again.");
  }
}

/** RGB bytes at the model's size, height * width * 3. */
export function prepared({ bitmap, isJpeg }, preprocessing) {
  const source = sourceOf(bitmap);
  const by = isJpeg ? jpegScale(bitmap, preprocessing.size) : 1;
  return prepare(by > 1 ? reduced(source, by) : source, preprocessing);
}

/** A small copy to show, as a blob. */
export async function thumbnail(bitmap) {
  const scale = Math.min(1, THUMBNAIL / Math.max(bitmap.width, bitmap.height));
  const [width, height] = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(side * scale)));
  const { canvas, context } = whiteCanvas(width, height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  return new Promise((resolve) => canvas.toBlob(resolve));
}

/** From its head alone, before a claimed size takes the memory: an <img> decodes only what it shows. */
async function checkPixels(file) {
  const image = new Image();
  image.src = URL.createObjectURL(file);
  try {
    await new Promise((resolve, reject) => Object.assign(image, { onload: resolve, onerror: reject }));
  } catch {
    throw new PictureError("This is no picture that this browser can open. It opens JPEG, PNG, WebP, GIF and BMP; convert others first.");
  } finally {
    URL.revokeObjectURL(image.src);
  }
  const pixels = image.naturalWidth * image.naturalHeight;
  if (pixels > MOST_PIXELS) throw new PictureError(`It has ${Math.round(pixels / 1e6)} million pixels, which is too many.`);
}

async function decoded(file) {
  try {
    return await createImageBitmap(file, OPTIONS);
  } catch (error) {
    if (error instanceof TypeError) return createImageBitmap(file); // a browser that does not know the options
    throw error;
  }
}

async function startsAsJpeg(file) {
  const start = new Uint8Array(await file.slice(0, 3).arrayBuffer());
  return start[0] === 0xff && start[1] === 0xd8 && start[2] === 0xff;
}

/** Training reads a large JPEG at 1/2, 1/4 or 1/8 of its scale (`open_image`), which looks a little different. */
function jpegScale({ width, height }, size) {
  const wanted = Math.ceil(DECODE_MARGIN * Math.max(...size));
  const room = Math.min(Math.floor(width / wanted), Math.floor(height / wanted));
  return SCALES.find((scale) => room >= scale) ?? 1;
}

/** The pixels of a bitmap, some rows at a time. */
function sourceOf(bitmap) {
  const { width, height } = bitmap;
  let drawn = null; // {canvas, context} of the last number of rows asked for
  const rows = (from, to) => {
    if (drawn?.canvas.height !== to - from) drawn = whiteCanvas(width, to - from);
    drawn.context.fillRect(0, 0, width, to - from);
    drawn.context.drawImage(bitmap, 0, -from);
    return drawn.context.getImageData(0, 0, width, to - from).data;
  };
  return { width, height, rows };
}

function whiteCanvas(width, height) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  return { canvas, context };
}
