/** Detects files that are common among images but not accepted, so that the reason names their format. */
import { startsLike } from './starts-like.ts';

export interface RejectedKind {
  name: string;
  remedy: string;
  /** Whether it is an image format. */
  isImage: boolean;
}

/** Detects a known kind of file. `head`: its first bytes as Latin-1. */
export function rejectedKind(head: string): RejectedKind | undefined {
  if (/^(\xef\xbb\xbf)?\s*(<!--(?:(?!-->).)*-->\s*)*<(!doctype\s+html|html|head|body)[\s>]/is.test(head))
    return other('an HTML page', 'a server may have sent an error page; download the image again');
  // An SVG is code, which may reference other files.
  if (/<svg[\s>]/i.test(head)) return image('svg', 'export it as PNG');
  const kind = kinds.find(({ starts }) => starts.some((start) => startsLike(head, start)));
  if (kind !== undefined) return kind;
  if (head.slice(128, 132) === 'DICM') return image('DICOM');
  if (head.length >= 64 && /^\0+$/.test(head))
    return other(`its first ${head.length} bytes are zero`, 'it was probably not written completely; copy it again');
  return undefined;
}

// --- internal ---

const image = (name: string, remedy = 'save it as JPEG or PNG'): RejectedKind => ({ name, remedy, isImage: true });
const other = (name: string, remedy: string): RejectedKind => ({ name, remedy, isImage: false });
const raw = (name: string) => image(`camera raw data (${name})`, 'convert it to JPEG or PNG');
const video = (name: string) => other(`a video or audio file (${name})`, 'save a frame as JPEG or PNG');
const archive = (name: string) => other(`an archive (${name})`, 'unpack it');
const document = (name: string) => image(name, 'export its pages as JPEG or PNG');

/** Latin-1 bytes at the start of a file; `?` matches any byte. The first match decides. */
const kinds: readonly (RejectedKind & { starts: readonly string[] })[] = [
  { ...image('bmp'), starts: ['BM????\0\0\0\0'] },
  { ...image('ico'), starts: ['\0\0\x01\0', '\0\0\x02\0'] },
  { ...image('icns'), starts: ['icns'] },
  { ...image('psd'), starts: ['8BPS'] },
  { ...image('xcf'), starts: ['gimp xcf'] },
  { ...image('jpeg 2000'), starts: ['\0\0\0\x0cjP', '\xff\x4f\xff\x51'] },
  { ...image('jpeg xl'), starts: ['\0\0\0\x0cJXL', '\xff\x0a'] },
  { ...image('jpeg xr'), starts: ['II\xbc'] },
  { ...image('jbig 2'), starts: ['\x97JB2'] },
  { ...image('bpg'), starts: ['BPG\xfb'] },
  { ...image('flif'), starts: ['FLIF'] },
  { ...image('qoi'), starts: ['qoif'] },
  { ...image('mng'), starts: ['\x8aMNG', '\x8bJNG'] },
  { ...image('dds'), starts: ['DDS '] },
  { ...image('openexr'), starts: ['\x76\x2f\x31\x01'] },
  { ...image('radiance hdr'), starts: ['#?RADIANCE', '#?RGBE'] },
  { ...image('netpbm'), starts: ['P1', 'P2', 'P3', 'P4', 'P5', 'P6', 'P7', 'Pf', 'PF'].flatMap(withSpace) },
  { ...image('fits'), starts: ['SIMPLE  ='] },
  { ...image('djvu'), starts: ['AT&TFORM'] },
  { ...image('wmf'), starts: ['\xd7\xcd\xc6\x9a'] },
  { ...document('pdf'), starts: ['%PDF'] },
  { ...document('postscript'), starts: ['%!PS', '\xc5\xd0\xd3\xc6'] },
  { ...raw('CR3'), starts: ['????ftypcrx '] },
  { ...raw('RAF'), starts: ['FUJIFILMCCD-RAW'] },
  { ...raw('ORF'), starts: ['IIRO', 'IIRS', 'MMOR'] },
  { ...raw('RW2'), starts: ['IIU\0'] },
  { ...raw('CRW'), starts: ['II????HEAPCCDR'] },
  { ...raw('MRW'), starts: ['\0MRM'] },
  { ...raw('X3F'), starts: ['FOVb'] },
  { ...video('QuickTime'), starts: ['????ftypqt  ', '????moov', '????mdat', '????wide'] },
  { ...video('MP4 or similar'), starts: ['????ftyp'] },
  { ...video('WebM or Matroska'), starts: ['\x1a\x45\xdf\xa3'] },
  { ...video('AVI'), starts: ['RIFF????AVI '] },
  { ...video('WAVE'), starts: ['RIFF????WAVE'] },
  { ...video('Ogg'), starts: ['OggS'] },
  { ...video('MPEG'), starts: ['\0\0\x01\xba', '\0\0\x01\xb3'] },
  { ...video('Flash'), starts: ['FLV\x01'] },
  { ...archive('ZIP'), starts: ['PK\x03\x04', 'PK\x05\x06'] },
  { ...archive('gzip'), starts: ['\x1f\x8b'] },
  { ...archive('7z'), starts: ["7z\xbc\xaf'\x1c"] },
  { ...archive('RAR'), starts: ['Rar!\x1a\x07'] },
  { ...archive('xz'), starts: ['\xfd7zXZ\0'] },
  { ...archive('bzip2'), starts: ['BZh?1AY&SY'] },
  { ...archive('zstd'), starts: ['\x28\xb5\x2f\xfd'] },
  { ...other('a Git LFS pointer', 'fetch the file with "git lfs pull"'), starts: ['version https://git-lfs'] },
  {
    ...other('an AppleDouble file (macOS attributes of another file)', 'remove it'),
    starts: ['\0\x05\x16\x07', '\0\x05\x16\0'],
  },
  { ...other('HDF5', 'export its images as PNG'), starts: ['\x89HDF\r\n\x1a\n'] },
  { ...other('a NumPy array', 'save its images as PNG'), starts: ['\x93NUMPY'] },
];

function withSpace(start: string): string[] {
  return [' ', '\n', '\r', '\t'].map((space) => start + space);
}
