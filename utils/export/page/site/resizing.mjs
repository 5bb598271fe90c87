// Pictures at a model's size, the same bytes as `utils.data.resizing` and Pillow make of them.
//
// A *source* is {width, height, rows(from, to)}; rows gives the pixels of some rows as RGBA, 4 bytes each. So a large
// picture never lies in memory a second time. A *box* is [x0, y0, x1, y1] in a source's pixels, and may end within one.
// Each output pixel is a weighted mean of the source pixels around it, across and then down, with weights of 22 binary
// places and 8 bits between the two: Pillow's arithmetic, since other roundings are other pictures.

const BITS = 22;
const HALF = 1 << (BITS - 1);
const STRIP = 64; // rows that are read from a source at a time

const sinc = (x) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

// Keys' cubic with a = -0.5.
function cubic(x) {
  const far = Math.abs(x);
  if (far < 1) return (1.5 * far - 2.5) * far * far + 1;
  return far < 2 ? ((far - 5) * far + 8) * far * -0.5 + 2 : 0;
}

const FILTERS = {
  bilinear: { reach: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: { reach: 2, weight: cubic },
  lanczos: { reach: 3, weight: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

/** A source as RGB at the size that a model's preprocessing says; Uint8Array of height * width * 3. */
export function prepare(source, { size, policy, fill, interpolation }) {
  const [height, width] = size;
  const { kept, place } = fit(source.width, source.height, size, policy);
  const [left, top, right, bottom] = place;
  const resized = resize(source, kept, right - left, bottom - top, interpolation);
  if (right - left === width && bottom - top === height) return resized;
  const padded = new Uint8Array(height * width * 3);
  for (let at = 0; at < padded.length; at++) padded[at] = fill[at % 3];
  const row = (right - left) * 3;
  for (let y = top; y < bottom; y++) {
    padded.set(resized.subarray((y - top) * row, (y - top + 1) * row), (y * width + left) * 3);
  }
  return padded;
}

/** Which box of a picture lands where; `fit` of utils.data.resizing. */
export function fit(width, height, [high, wide], policy) {
  if (policy === "crop") {
    const across = Math.min(width, (height * wide) / high);
    const down = Math.min(height, (width * high) / wide);
    const [left, top] = [(width - across) / 2, (height - down) / 2];
    const kept = [left, top, Math.min(width, left + across), Math.min(height, top + down)];
    return { kept, place: [0, 0, wide, high] };
  }
  let [across, down] = [wide, high];
  if (policy === "pad") {
    const scale = Math.min(wide / width, high / height);
    across = Math.max(1, evenRound(width * scale));
    down = Math.max(1, evenRound(height * scale));
  }
  const [left, top] = [Math.floor((wide - across) / 2), Math.floor((high - down) / 2)];
  return { kept: [0, 0, width, height], place: [left, top, left + across, top + down] };
}

/** A box of a source as RGB, width x height pixels. */
export function resize(source, box, width, height, interpolation) {
  const [x0, y0, x1, y1] = box.map(Math.fround); // Pillow keeps a box in 32 bits
  if (interpolation === "nearest") return nearest(source, [x0, y0, x1, y1], width, height);
  const across = weights(source.width, x0, x1, width, FILTERS[interpolation]);
  const down = weights(source.height, y0, y1, height, FILTERS[interpolation]);
  const lost = [source.width - width, source.height - height];
  // Across first, but for what loses many more rows than columns: from Pillow 13 on, which other order rounds otherwise.
  const isTall = lost[1] > 0 && lost[1] > 2 * lost[0];
  return rgb(isTall ? narrowed(lowered(source, down), across) : lowered(narrowed(source, across), down));
}

/**
 * A source whose pixels are the means of squares of `by` x `by`: nearest to what training's decoder makes of a JPEG that it
 * reads at 1/by. On photographs they differ by 0.2 to 0.5 of 255 after resizing; all pixels, by 0.3 to 0.9.
 */
export function reduced(source, by) {
  const [width, height] = [Math.ceil(source.width / by), Math.ceil(source.height / by)];
  const rows = (from, to) => {
    const out = new Uint8ClampedArray((to - from) * width * 4);
    for (let y = from; y < to; y++) {
      const [top, bottom] = [y * by, Math.min(source.height, (y + 1) * by)];
      averageRow(source.rows(top, bottom), source.width, bottom - top, by, out.subarray((y - from) * width * 4));
    }
    return out;
  };
  return { width, height, rows };
}

function averageRow(pixels, width, high, by, out) {
  for (let x = 0; x * by < width; x++) {
    const wide = Math.min(by, width - x * by);
    for (let colour = 0; colour < 3; colour++) {
      let sum = 0;
      for (let y = 0; y < high; y++) {
        for (let i = 0; i < wide; i++) sum += pixels[(y * width + x * by + i) * 4 + colour];
      }
      out[x * 4 + colour] = Math.floor(sum / (wide * high) + 0.5);
    }
  }
}

/** For each of `count` output pixels: where its source pixels start, how many they are, and their weights. */
function weights(length, from, to, count, { reach, weight }) {
  const scale = Math.fround(to - from) / count;
  const stretch = Math.max(scale, 1); // when shrinking, the filter grows with it: antialiasing
  const most = Math.ceil(reach * stretch) * 2 + 1;
  const [starts, counts] = [new Int32Array(count), new Int32Array(count)];
  const values = new Int32Array(count * most);
  for (let i = 0; i < count; i++) {
    const middle = from + (i + 0.5) * scale;
    const start = Math.max(0, Math.trunc(middle - reach * stretch + 0.5));
    const end = Math.min(length, Math.trunc(middle + reach * stretch + 0.5));
    const found = Array.from({ length: end - start }, (_, k) => weight((k + start - middle + 0.5) * (1 / stretch)));
    const sum = found.reduce((total, each) => total + each, 0);
    found.forEach((each, k) => (values[i * most + k] = inBits(sum === 0 ? each : each / sum)));
    [starts[i], counts[i]] = [start, end - start];
  }
  return { starts, counts, values, most };
}

const inBits = (weight) => Math.trunc(weight * (1 << BITS) + (weight < 0 ? -0.5 : 0.5));

/** A source at its new width; each of its rows is made when it is asked for. */
function narrowed(source, across) {
  const width = across.starts.length;
  const rows = (from, to) => {
    const pixels = source.rows(from, to);
    const out = new Uint8ClampedArray((to - from) * width * 4);
    for (let row = 0; row < to - from; row++) narrowRow(pixels, row * source.width * 4, across, out, row * width * 4);
    return out;
  };
  return { width, height: source.height, rows };
}

function narrowRow(pixels, start, { starts, counts, values, most }, out, place) {
  for (let x = 0; x < starts.length; x++) {
    let [red, green, blue] = [HALF, HALF, HALF];
    for (let k = 0, at = start + starts[x] * 4; k < counts[x]; k++, at += 4) {
      const weight = values[x * most + k];
      red += pixels[at] * weight;
      green += pixels[at + 1] * weight;
      blue += pixels[at + 2] * weight;
    }
    out[place + x * 4] = red >> BITS; // a clamped array: below 0 is 0, above 255 is 255
    out[place + x * 4 + 1] = green >> BITS;
    out[place + x * 4 + 2] = blue >> BITS;
  }
}

/** A source at its new height. Its rows are read once, some at a time, and added to all that they are part of. */
function lowered(source, down) {
  const [row, height] = [source.width * 4, down.starts.length];
  const sums = new Int32Array(height * row).fill(HALF);
  const last = down.starts[height - 1] + down.counts[height - 1];
  for (let from = down.starts[0]; from < last; from += STRIP) {
    const to = Math.min(last, from + STRIP);
    const pixels = source.rows(from, to);
    for (let y = 0; y < height; y++) addRows(pixels, from, to, row, down, y, sums);
  }
  const lowest = Uint8ClampedArray.from(sums, (sum) => sum >> BITS);
  return { width: source.width, height, rows: (from, to) => lowest.subarray(from * row, to * row) };
}

function addRows(pixels, from, to, row, { starts, counts, values, most }, y, sums) {
  const end = Math.min(to, starts[y] + counts[y]);
  for (let each = Math.max(from, starts[y]); each < end; each++) {
    const weight = values[y * most + each - starts[y]];
    for (let x = 0; x < row; x++) sums[y * row + x] += pixels[(each - from) * row + x] * weight;
  }
}

function rgb(source) {
  const pixels = source.rows(0, source.height);
  return Uint8Array.from({ length: source.width * source.height * 3 }, (_, at) => pixels[Math.floor(at / 3) * 4 + (at % 3)]);
}

function nearest(source, box, width, height) {
  const across = nearestPlaces(source.width, box[0], box[2], width);
  const down = nearestPlaces(source.height, box[1], box[3], height);
  const out = new Uint8Array(height * width * 3);
  down.forEach((row, y) => {
    const pixels = source.rows(row, row + 1);
    across.forEach((column, x) => out.set(pixels.subarray(column * 4, column * 4 + 3), (y * width + x) * 3));
  });
  return out;
}

// Step by step, as Pillow adds them up: where a place falls between two pixels, the last binary digit decides.
function nearestPlaces(length, from, to, count) {
  const step = Math.fround(to - from) / count;
  const places = new Int32Array(count);
  for (let i = 0, at = from + step * 0.5; i < count; i++, at += step) places[i] = Math.min(length - 1, Math.trunc(at));
  return places;
}

/** To the nearest whole number, a half to the even one: Python's `round`. */
function evenRound(value) {
  const low = Math.floor(value);
  if (value - low !== 0.5) return Math.round(value);
  return low % 2 === 0 ? low : low + 1;
}
