/** A weight file that a library publishes; a folder and the cache are searched for its name. */
export type PublishedFile = DownloadableFile | WrittenFile;

/** A file at a fixed address. */
export interface DownloadableFile {
  name: string;
  url: string;
  /** Hexadecimal; omitted if the source of Keras does not have one. */
  md5?: string;
}

/** A file that is not downloaded: the library that publishes the weights writes it. */
export interface WrittenFile {
  name: string;
  url?: undefined;
  /** Shell command that writes the file into the working folder. */
  command: string;
  /** Packages that the command needs, for pip. */
  packages: readonly string[];
}

/** A file of keras-applications. @param folder the family's folder among its files. */
export function publishedFile(folder: string, name: string, hash: { md5?: string } = {}): DownloadableFile {
  return { name, url: `https://storage.googleapis.com/tensorflow/keras-applications/${folder}/${name}`, ...hash };
}

/** The weights of a timm model as `.safetensors`. */
export function timmFile(model: string): WrittenFile {
  const name = `${model}.safetensors`;
  return {
    name,
    command: `python -c "import timm, safetensors.torch as s; s.save_file(timm.create_model('${model}', pretrained=True).state_dict(), '${name}')"`,
    packages: ['timm', 'safetensors'],
  };
}
