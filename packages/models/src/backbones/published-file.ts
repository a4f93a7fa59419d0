/** A weight file that keras-applications publishes. */
export interface PublishedFile {
  name: string;
  url: string;
  /** Hexadecimal; omitted if the source of Keras does not have one. */
  md5?: string;
}

/** @param folder the family's folder among the files of keras-applications. */
export function publishedFile(folder: string, name: string, hash: { md5?: string } = {}): PublishedFile {
  return { name, url: `https://storage.googleapis.com/tensorflow/keras-applications/${folder}/${name}`, ...hash };
}
