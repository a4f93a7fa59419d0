import { initRuntime, prepareProcess } from '/work/main/packages/runtime/dist/index.js';
import { createRequire } from 'node:module';
const tf = createRequire('/work/main/packages/models/package.json')('@tensorflow/tfjs');
import { createClassifier, Adam, trainStep } from '/work/main/packages/models/dist/index.js';
prepareProcess(); initRuntime({ device: 'cpu:0', intraOpThreads: 2 });
const size=+process.argv[2], bn=process.argv[3]??'batch', family=process.argv[4]??'mobilenet-v2', alpha=+(process.argv[5]??1), B=+(process.argv[6]??32);
const range = process.argv[7] ? (/^[0-9]/.test(process.argv[7])?{lastLayers:+process.argv[7]}:process.argv[7]==='head'?'head':{behind:process.argv[7]}) : 'all';
const c = createClassifier({ backbone: { family, alpha, inputSize: size }, classes: ['a','b'], seed: 1 });
const images = tf.randomUniform([B,size,size,3],0,255);
const labels=tf.tensor1d(Array.from({length:B},(_, i)=>i%2),'int32');
const part=c.part(range,{batchNorm:bn}); const adam=new Adam(); const a=part.prefix(images); {const q=[];for(let i=0;i<4;i++){const t=performance.now();part.prefix(images).dataSync();q.push(performance.now()-t)};console.log('prefix min',Math.min(...q).toFixed(0))}; images.dispose();
const ts=[],cs=[];
for (let i=0;i<12;i++){const t=performance.now(),c0=process.cpuUsage(); trainStep(part,adam,{activations:a,labels},{learningRate:1e-4}); ts.push(performance.now()-t);const c1=process.cpuUsage(c0);cs.push((c1.user+c1.system)/1000);}
ts.splice(0,3);cs.splice(0,3);cs.sort((a,b)=>a-b); ts.sort((x,y)=>x-y);
console.log(family,alpha,size,bn,JSON.stringify(range),part.cut.layerName,'median',ts[ts.length>>1].toFixed(0),'min',ts[0].toFixed(0),'cpu ms',cs[cs.length>>1].toFixed(0),'rss',Math.round(process.memoryUsage().rss/2**20), tf.memory().numTensors);
