/** A weight file as keras-applications offers it for download. */
export interface PublishedFile {
  name: string;
  url: string;
  /** Hexadecimal; only where Keras' own source has one. */
  md5?: string;
}

/** @param folder of the family among keras-applications' files. */
export function publishedFile(folder: string, name: string, hash: { md5?: string } = {}): PublishedFile {
  return { name, url: `https://storage.googleapis.com/tensorflow/keras-applications/${folder}/${name}`, ...hash };
}
