/** The sources of TensorFlow's C library: for each platform, wheels of the Python package index with their hashes. */
import { RuntimeError } from '../errors.ts';
import { hasNvidiaGpu } from './nvidia.ts';

export interface Wheel {
  /** Name and version, as a pip requirement. */
  requirement: string;
  /** As published by the index. */
  sha256: string;
  /** Files and folders to unpack from the wheel; a name that ends in `/` is a folder with all its content. */
  entries: readonly string[];
}

export interface NativePlatform {
  name: string;
  /** Platform tags that make the pip of any python3 select this platform's wheel. */
  pipPlatforms: readonly string[];
  wheels: readonly Wheel[];
  /** File names of the C library, dependencies first. */
  libraries: readonly [framework: string, cc: string];
  compiler: string;
  /** The command that installs the compiler. */
  compilerFix: string;
  compilerFlags: readonly string[];
  /** Whether this library can use GPUs. */
  hasGpus: boolean;
  /** Free bytes needed for the wheels and the files unpacked from them. */
  neededBytes: number;
}

const version = '2.21.0';

/** Headers that the binding includes (from `g++ -M`), a hundredth of those in the wheel. */
const headers = ['absl/', 'tensorflow/c/', 'tensorflow/core/platform/', 'tsl/platform/', 'xla/tsl/c/'].map(
  (folder) => `tensorflow/include/${folder}`,
);

const elf = ['libtensorflow_framework.so.2', 'libtensorflow_cc.so.2'] as const;
const machO = ['libtensorflow_framework.2.dylib', 'libtensorflow_cc.2.dylib'] as const;

function tensorflowWheel(name: string, sha256: string, libraries: readonly string[]): Wheel {
  const entries = [...libraries.map((library) => `tensorflow/${library}`), ...headers];
  return { requirement: `${name}==${version}`, sha256, entries };
}

function nvidiaWheel(requirement: string, sha256: string): Wheel {
  return { requirement, sha256, entries: ['nvidia/'] };
}

/** No warnings: they concern the sources of the npm package. */
const compilerFlags = ['-std=c++17', '-O2', '-fPIC', '-shared', '-DNAPI_VERSION=8', '-w'];

const linuxX64: NativePlatform = {
  name: 'linux-x64',
  pipPlatforms: ['manylinux_2_27_x86_64'],
  wheels: [tensorflowWheel('tensorflow-cpu', '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c', elf)],
  libraries: elf,
  compiler: 'g++',
  compilerFix: 'apt-get install g++ (or dnf install gcc-c++)',
  compilerFlags,
  hasGpus: false,
  neededBytes: 1.4e9,
};

/**
 * CUDA 12 comes from the wheels that `tensorflow[and-cuda]` requires; the machine provides only the driver. The library finds
 * the wheels' files by its run path, in `nvidia/` beside its own folder. Not yet tested with a GPU: the binding compiles against this
 * library and computes on its CPU devices.
 */
const linuxX64Gpu: NativePlatform = {
  ...linuxX64,
  name: 'linux-x64-gpu',
  hasGpus: true,
  pipPlatforms: ['manylinux_2_27_x86_64', 'manylinux_2_25_x86_64', 'manylinux2014_x86_64', 'manylinux2010_x86_64'],
  wheels: [
    tensorflowWheel('tensorflow', '9056fbc9ba04235810b71ae6cbd958a196e8804fb53bbcffbf3e23b56155f124', elf),
    nvidiaWheel('nvidia-cublas-cu12==12.9.3.13', 'd7d51055f161b317c7105ddaae90e71eda059026074ffef93cf7cde2886bfe72'),
    nvidiaWheel('nvidia-cuda-cupti-cu12==12.9.79', '096bcf334f13e1984ba36685ad4c1d6347db214de03dbb6eebb237b41d9d934f'),
    nvidiaWheel('nvidia-cuda-nvcc-cu12==12.9.86', '5d6a0d32fdc7ea39917c20065614ae93add6f577d840233237ff08e9a38f58f0'),
    nvidiaWheel('nvidia-cuda-nvrtc-cu12==12.9.86', '210cf05005a447e29214e9ce50851e83fc5f4358df8b453155d5e1918094dcb4'),
    nvidiaWheel(
      'nvidia-cuda-runtime-cu12==12.9.79',
      '25bba2dfb01d48a9b59ca474a1ac43c6ebf7011f1b0b8cc44f54eb6ac48a96c3',
    ),
    nvidiaWheel('nvidia-cudnn-cu12==9.28.0.42', '9ff58b7f36dacd0a93e89f8f2957b52466889217963701daa15e577317cfa375'),
    nvidiaWheel('nvidia-cufft-cu12==11.4.1.4', 'c67884f2a7d276b4b80eb56a79322a95df592ae5e765cf1243693365ccab4e28'),
    nvidiaWheel('nvidia-curand-cu12==10.3.10.19', '49b274db4780d421bd2ccd362e1415c13887c53c214f0d4b761752b8f9f6aa1e'),
    nvidiaWheel('nvidia-cusolver-cu12==11.7.5.82', '15da72d1340d29b5b3cf3fd100e3cd53421dde36002eda6ed93811af63c40d88'),
    nvidiaWheel('nvidia-cusparse-cu12==12.5.10.65', '73060ce019ac064a057267c585bf1fd5a353734151f87472ff02b2c5c9984e78'),
    nvidiaWheel('nvidia-nccl-cu12==2.32.3', 'bb94b2348e4861d5e8aa00b36c3d12d9bdf9c6369b82cbb723de0b582280a21c'),
    nvidiaWheel('nvidia-nvjitlink-cu12==12.9.86', 'e3f1171dbdc83c5932a45f0f4c99180a70de9bd2718c1ab77d14104f6d7147f9'),
  ],
  neededBytes: 12e9,
};

const linuxArm64: NativePlatform = {
  ...linuxX64,
  name: 'linux-arm64',
  pipPlatforms: ['manylinux_2_27_aarch64'],
  wheels: [tensorflowWheel('tensorflow', '4b24aca16d527a3cf1c37f720c04c484c3d20f4d0fdfa98632ac8b9f3be6eb5c', elf)],
};

const macArm64: NativePlatform = {
  name: 'darwin-arm64',
  pipPlatforms: ['macosx_12_0_arm64'],
  wheels: [tensorflowWheel('tensorflow', '51f46f4806139d01fc7920cc72a4c75876f80649bf40ff083ab6212ceb43ca88', machO)],
  libraries: machO,
  compiler: 'clang++',
  compilerFix: 'xcode-select --install',
  // Node's symbols are resolved when node loads the addon.
  compilerFlags: [...compilerFlags, '-undefined', 'dynamic_lookup'],
  hasGpus: false,
  neededBytes: 1.4e9,
};

const platforms: readonly NativePlatform[] = [linuxX64, linuxX64Gpu, linuxArm64, macArm64];

/** The properties of a machine that determine the library. */
export interface Machine {
  platform: NodeJS.Platform;
  arch: string;
  hasNvidiaGpu: boolean;
}

/**
 * Returns the table's row for a machine, by default this one.
 *
 * @throws RuntimeError on a platform without a wheel.
 */
export function nativePlatform(machine: Machine = thisMachine()): NativePlatform {
  const { platform, arch, hasNvidiaGpu } = machine;
  const row = platforms.find(({ name }) => name === `${platform}-${arch}${hasNvidiaGpu ? '-gpu' : ''}`);
  if (row !== undefined) return row;
  throw new RuntimeError(
    `TensorFlow ${version} has no library for ${platform}-${arch}; Chorus trains on linux-x64, linux-arm64 and darwin-arm64 (on Windows: inside WSL2).`,
  );
}

// --- internal ---

function thisMachine(): Machine {
  const { platform, arch } = process;
  return { platform, arch, hasNvidiaGpu: platform === 'linux' && arch === 'x64' && hasNvidiaGpu() };
}
