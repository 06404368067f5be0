// node:process.
// flags: nodejs_compat
import process from "node:process";
const t = (f) => { try { const v = f(); return v === undefined ? "(undefined)" : v; } catch (e) { return { name: e.name, message: e.message, code: e.code, text: String(e) }; } };

export default {
  async fetch() {
    const o = {};
    o.p = {};
    for (const k of ['arch','argv','argv0','cpuUsage','config','env','execArgv','execPath','exitCode','features','pid','ppid','platform','release','title','version','versions','allowedNodeEnvironmentFlags','channel','connected','debugPort','report','finalization','permission','_preload_modules','moduleLoadList']) o.p[k]=t(()=>typeof process[k]==='function'?process[k]():process[k]);
    o.p.cwd=process.cwd();
    o.p.hr=t(()=>process.hrtime().map(x=>typeof x));
    o.p.hrb=t(()=>typeof process.hrtime.bigint());
    o.p.mem=t(()=>process.memoryUsage());
    o.p.up=t(()=>typeof process.uptime());
    o.p.um=t(()=>process.umask());
    o.p.uid=t(()=>process.getuid());
    o.p.bm=t(()=>typeof process.getBuiltinModule('node:os'));
    o.p.bm2=t(()=>typeof process.getBuiltinModule('nope'));
    o.p.tag=Object.prototype.toString.call(process);
    o.p.ee=t(()=>typeof process.on);
    o.p.chdir=t(()=>process.chdir('/tmp'));
    o.p.res=t(()=>process.resourceUsage());
    o.p.kill=t(()=>process.kill(1));
    o.p.emw=t(()=>process.emitWarning('x'));
    o.p.av=t(()=>process.availableMemory());
    o.p.cm=t(()=>process.constrainedMemory());
    o.p.ab = t(()=>process.abort&&0);
    o.p.envset=t(()=>{process.env.X=1; return process.env.X});
    o.p.envd=t(()=>{ process.env.Y=undefined; return process.env.Y});
    o.p.bind=t(()=>process.binding('fs'));
    o.p.dlopen=t(()=>process.dlopen());
    o.p.stdout=t(()=>[process.stdout.fd, process.stdout.isTTY, process.stdout.constructor.name]);
    o.p.stdin=t(()=>[process.stdin.fd, process.stdin.isTTY]);
    o.p.ga=t(()=>process.getActiveResourcesInfo());
    o.p.hu=t(()=>process.hasUncaughtExceptionCaptureCallback());
    o.p.setuid=t(()=>process.setuid(1));
    o.p.ggroups=t(()=>process.getgroups());
    o.p.umset=t(()=>process.umask(0o22));
    o.p.lef=t(()=>process.loadEnvFile('/x'));
    o.p.proto=t(()=>Object.getPrototypeOf(process).constructor.name);
    o.p.same=process===globalThis.process;
    o.p.exe=t(()=>process.execve('x',[],{}));
    o.p.re=t(()=>process.reallyExit);
    o.p.cons=t(()=>process.cpuUsage({user:0,system:0}));
    return Response.json(o);
  },
};
