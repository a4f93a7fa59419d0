/** Writes valid and invalid zip files, for tests. */
import { crc32, deflateRawSync } from 'node:zlib';

export interface EntryToWrite {
  name: string;
  content?: Uint8Array | string;
  /** Unix mode, such as 0o120777 for a link. */
  mode?: number;
  deflate?: boolean;
  /** Wrong values for the archive's headers. */
  crc?: number;
  bytes?: number;
  /** General purpose flags; 1 is encrypted. */
  flags?: number;
  /** Declared offset of the content, instead of the real one. */
  offset?: number;
}

/** Layout: PKWARE's APPNOTE 4.3; names are UTF-8. */
export function zip(entries: readonly EntryToWrite[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content = '', mode = 0o100644, deflate = false, ...lies } of entries) {
    const raw = Buffer.from(content as string);
    const stored = deflate ? deflateRawSync(raw) : raw;
    const fileName = Buffer.from(name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(0x800 | (lies.flags ?? 0), 2);
    common.writeUInt16LE(deflate ? 8 : 0, 4);
    common.writeUInt32LE(lies.crc ?? crc32(raw), 10);
    common.writeUInt32LE(stored.length, 14);
    common.writeUInt32LE(lies.bytes ?? raw.length, 18);
    common.writeUInt16LE(fileName.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, fileName, stored]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(mode * 0x10000, 6);
    rest.writeUInt32LE(lies.offset ?? offset, 10);
    // Version made by: Unix.
    directory.push(Buffer.from('PK\x01\x02\x14\x03', 'latin1'), common, rest, fileName);
    parts.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(entries.length, 4);
  end.writeUInt16LE(entries.length, 6);
  end.writeUInt32LE(central.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...parts, central, Buffer.from('PK\x05\x06'), end]);
}
