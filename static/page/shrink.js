// Shrink: photos made small, so that nothing but the picture is left of them.

const LONGEST = 1600;
const MOST = 300_000;
const QUALITIES = [0.8, 0.7, 0.6, 0.5, 0.4];

/**
 * Drawn anew: no position, no time, no camera comes along.
 * @param {File} file
 * @returns {Promise<Blob>} a JPEG
 */
export async function shrunk(file) {
  const picture = await createImageBitmap(file);
  const canvas = document.createElement("canvas");
  for (let scale = Math.min(1, LONGEST / Math.max(picture.width, picture.height)); ; scale *= 0.75) {
    canvas.width = Math.max(1, Math.round(picture.width * scale));
    canvas.height = Math.max(1, Math.round(picture.height * scale));
    const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    pen.fillStyle = "#fff"; // where a picture has holes
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
    for (const quality of QUALITIES) {
      /** @type {Blob | null} */
      const made = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", quality));
      if (!made) throw new Error("no picture");
      if (made.size <= MOST) return made;
    }
  }
}
