// Which files can be a query, said before anything is sent.

const VIDEO_SUFFIXES = /\.(3gp|avi|flv|m2ts|m4v|mkv|mov|mp4|mpe?g|mts|mxf|ogv|ts|webm|wmv)$/i;
const PICTURE_SUFFIXES = /\.(avif|bmp|gif|heic|heif|jpe?g|png|tiff?|webp)$/i;

/** Return "video", "image" or null: what a file is, by what the browser says of it, else by its name. */
export function kindOf(file) {
  if (file.type.startsWith("video/")) return "video";
  // A drawing is no picture of pixels, and framecue reads none.
  if (file.type === "image/svg+xml") return null;
  if (file.type.startsWith("image/")) return "image";
  if (file.type) return null;
  return VIDEO_SUFFIXES.test(file.name) ? "video" : PICTURE_SUFFIXES.test(file.name) ? "image" : null;
}

/**
 * Return why a file cannot be a query, in a sentence; null if it can.
 *
 * @param {File} file
 * @param {{image_bytes?: number, video_bytes?: number}} limits of `GET /api/limits`
 */
export function whyNot(file, limits) {
  const kind = kindOf(file);
  const name = file.name || "What was pasted";
  if (kind === null) return `${name} is neither a picture nor a video: those can be searched with.`;
  if (file.size === 0) return `${name} is empty.`;
  const most = kind === "video" ? limits.video_bytes : limits.image_bytes;
  if (!most || file.size <= most) return null;
  const what = kind === "video" ? "A video may have" : "A picture may have";
  const wayOut = kind === "video" ? "cut a shorter piece out of it." : "make it smaller.";
  return `${name} has ${sizeText(file.size)}. ${what} ${sizeText(most)} at most: ${wayOut}`;
}

/** Return a number of bytes as people write it: "640 kB", "8 MB", "1.2 GB". */
export function sizeText(bytes) {
  const units = ["bytes", "kB", "MB", "GB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const value = bytes / 1000 ** power;
  return `${power > 1 && value < 10 ? Number(value.toFixed(1)) : Math.round(value)} ${units[power]}`;
}
