/** Which of JPEG's processes a file is coded with (ITU-T T.81, table B.1): libvips decodes those of 8 bit. */

/** By their markers' second bytes; 0xc4, 0xc8 and 0xcc are no frames. */
const refusedProcesses: Record<number, string> = {
  197: 'hierarchical JPEG',
  198: 'hierarchical JPEG',
  199: 'hierarchical JPEG',
  205: 'hierarchical JPEG',
  206: 'hierarchical JPEG',
  207: 'hierarchical JPEG',
  247: 'JPEG-LS',
};

/**
 * Refuses a JPEG of a process that libvips does not decode; damaged ones pass, for the decoder says more about them.
 *
 * @throws Error that names the process.
 */
export function requireDecodableJpeg(bytes: Uint8Array): void {
  for (let at = 2; at + 4 < bytes.length; ) {
    // Between segments decoders pass over bytes that are no marker; 0xff may be repeated.
    const marker = bytes[at] === 0xff ? bytes[at + 1]! : 0xff;
    if (marker === 0xff || marker === 0) {
      at += 1;
      continue;
    }
    // A scan's or the image's end: no frame came before.
    if (marker === 0xda || marker === 0xd9) return;
    const process = refusedProcesses[marker];
    if (process !== undefined) throw new Error(`not an accepted image: ${process}; save it as baseline JPEG or PNG`);
    if (isFrame(marker)) {
      const bits = bytes[at + 4]!;
      if (bits === 8) return;
      throw new Error(`not an accepted image: JPEG of ${bits} bit; save it as JPEG of 8 bit, or as PNG`);
    }
    // Restart markers and TEM stand alone.
    at += (marker >= 0xd0 && marker <= 0xd8) || marker === 1 ? 2 : 2 + ((bytes[at + 2]! << 8) | bytes[at + 3]!);
  }
}

// --- internal ---

function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
}
