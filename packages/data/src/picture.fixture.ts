/** [height, width, 3], full of edges: the picture that OpenCV and Pillow were given too (`tools/golden/pillow.py`). */
export function picture(width: number, height: number): Uint8Array {
  return Uint8Array.from({ length: width * height * 3 }, (_, index) => {
    const [x, y, channel] = [Math.floor(index / 3) % width, Math.floor(index / 3 / width), index % 3];
    return (x * x * 3 + y * y * 5 + x * y * 7 + (x + 1) * channel * 53) % 256;
  });
}
