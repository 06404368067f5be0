// KeyObject: making, exporting, comparing keys.
// flags: nodejs_compat
// differs: secp224r1, what an object is shown as in messages; new keys are left out
const PEM = {
"x": "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VuBCIEIFjvKdZZ1l8oLRjtvLWvHr+tu1C4Yzlb+fO17VbgG1xz\n-----END PRIVATE KEY-----\n",
"ec1": "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIJVAtBBiOw/GBle/XTq34dhONO8E0gFqamSr2wNLZvCcoAoGCCqGSM49\nAwEHoUQDQgAEfa/XEJvolCYaeFWM2yPecLDxacQY6OuV/5uZZ9IdqqjTy2qZHXt3\nxQ8waxbLhvNqQjtzX9hmRJdouBsaY4g9aQ==\n-----END EC PRIVATE KEY-----\n",
"edpub": "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEANOAP3dPPYdQvx1vmAErte7xNfbheKh9Q2mto3uMG68k=\n-----END PUBLIC KEY-----\n",
"rsa": "-----BEGIN PRIVATE KEY-----\nMIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQC37HU09pBGsfgJ\nT0NwkD+O6ZcNShD4Tn8jl8UZGKyQLaKWDXiC3UEPysAertScefX38SmTNmvAaWx2\nBuZWRVG4UdCtTmvoInqkflnmXwCwsNJbI21ZJR4qDXSoVsA//LziQqCK4xmCMVuX\nPC+vubHHQ6L0DFJxReXgWoZDdR8P0c5HSyZZcB+iQkBrr7rYcTMO458yYpVgTYna\nffd6TROINaaa42uOnecXkSiC642bfqUUWA/26srIJl5aqK+vP269WHOyoYERUhBY\nMw4jIfmEYpQ4Q96DWXO1xY89QJhjRvrnJW95kK592hZD8+kluekaV0BhdRj/EpvZ\nO75t7fhLAgMBAAECggEAOGF6BIRY8fL4cBImQElX0n102pQL47JccxLBTtIrg/8Z\nShpTCPq+SRMEFePONTGF3z3EWuZh3ZfzsbKnxWZ2iKQ77gSOO5jmM6qv8FjLI17w\n/RM9IAiq2IVLb5c4U+UsGcgG4sx/M1PiGdhPXfT0tHrdZyan1yVwNHhLlD5BCV3o\nKmzB2sE70XphkEbNi207B7BoSKg249wIe8N8R5QogZou4l9LwxBWD8zRMhR2pq4l\nOPRDaD2bhVeoBygo/aJWVlQma9BmWvT2avhkr0yzkQnfRiIH1FqmHKbbOXRjyYJ5\nP17HcAoKGLos6kNH8ZI0uus6sw7XGzCf47cGCXrwQQKBgQDnMkNP19izbJrxUcsC\nKvys2hq2AID0q7W+8/08TT3/zL2OtIm4RfpEaKGTw7TOjH5WSdZH0rafa/oGJrTs\nGRIr2C3y4UuyeifYJB78PAGx6fJ1yTCtRJE0ihIV8iT94Q/dm7geKLWlJ88JekSJ\noO3o3f66lTEtiI/Cxv/M4BG3GwKBgQDLp92A1K9sLM6/Omh1D+UjVkETFELVozM/\npraoVCxbzs2+SU69bB0PBQofwgWGXVvAFbH4TWAIW0quGoP1Qpfxdgs5IMMwFHwj\nJ0ZBQire3KftgIQKtOAExGwXTGMS9BsYrwx9FtULskvqJc/dQJ8rHPlQep3A4Gfy\nect641nmkQKBgQDTvpYlr0O6ePKjqEztDF/lE9C49lclP4qyfBZnvzrUaDkIVVN5\nISYot0ec5PZY4hXng7Ksj1FRS3xvW84CGqgo3dKfizZgHT8W12ZFj9PhlanJtN1P\nI+h1nSsZTHAS0alNRwxnGtPakk4tmPzirDCZQZDGZFPpJxS7yLSJeILhFwKBgDTT\nznlksjx1QwwHsqDrBp0r+qVgVBXmx5xzOl5ft0H5WxVJHsu0B7WlsQKb6aL5BJvH\nBOtL5uVECRMwfZpZM+DGphKjlP4b0jesMGUtLMGyqzzIYXgFgza5XPCOOATqnTzB\n65NnIMxv65FJTaou4Rrl4SYnKFSn4U7cmRO/dcqBAoGBANpmICO0HDanejgcBjNB\niBEzeSa9J7JVhhaRGB/yK0vahP9LE+e2evOb5aJRWQtN7tQ8+XNrpLCZIsrugsyO\nI1ZkzWE1X6BNr0/+vPqb3aABlZEt5m4J+CAZ91iEmmA+HC1Isw7fLhXCoi2PaJpk\nNbtzLSZWXWxiE65YeHRXyAlj\n-----END PRIVATE KEY-----\n",
"ed": "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIGfnSGAMgoCCdVeuzvhVHnuQBOx3nbwYCkThiyOR35d4\n-----END PRIVATE KEY-----\n",
"cert": "-----BEGIN CERTIFICATE-----\nMIIDiTCCAnGgAwIBAgIUcdeBW3Jd8LJDx2tka2uf6a5Bb4owDQYJKoZIhvcNAQEL\nBQAwNTELMAkGA1UEBhMCTkwxEDAOBgNVBAoMB1Bvc3Rlcm4xFDASBgNVBAMMC2V4\nYW1wbGUuY29tMB4XDTI2MTEyNjAzNDcyNVoXDTM2MTEyMzAzNDcyNVowNTELMAkG\nA1UEBhMCTkwxEDAOBgNVBAoMB1Bvc3Rlcm4xFDASBgNVBAMMC2V4YW1wbGUuY29t\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAt+x1NPaQRrH4CU9DcJA/\njumXDUoQ+E5/I5fFGRiskC2ilg14gt1BD8rAHq7UnHn19/EpkzZrwGlsdgbmVkVR\nuFHQrU5r6CJ6pH5Z5l8AsLDSWyNtWSUeKg10qFbAP/y84kKgiuMZgjFblzwvr7mx\nx0Oi9AxScUXl4FqGQ3UfD9HOR0smWXAfokJAa6+62HEzDuOfMmKVYE2J2n33ek0T\niDWmmuNrjp3nF5EoguuNm36lFFgP9urKyCZeWqivrz9uvVhzsqGBEVIQWDMOIyH5\nhGKUOEPeg1lztcWPPUCYY0b65yVveZCufdoWQ/PpJbnpGldAYXUY/xKb2Tu+be34\nSwIDAQABo4GQMIGNMB0GA1UdDgQWBBTTwp+2xIusr70+/e95/EInilty/jAfBgNV\nHSMEGDAWgBTTwp+2xIusr70+/e95/EInilty/jAPBgNVHRMBAf8EBTADAQH/MDoG\nA1UdEQQzMDGCC2V4YW1wbGUuY29tgg0qLmV4YW1wbGUub3JnhwR/AAABgQ1hQGV4\nYW1wbGUuY29tMA0GCSqGSIb3DQEBCwUAA4IBAQCQJN76zTT/9EPUrX86yiFLwt2L\npHkvhTSVcVehwmzdcXBDTzR3TDSslhDE05kan131SGBHL/Ib/nMqy9O1EoWDJoTr\nks47KjHEe1IEVCzQwdzoK+tFAG/k48Xu//G8X+LI8e9kIECv/jdN/u6wVSmTL5I7\nNtzkLVUaBvqyOaHwbP+aCra0j/6AmdEFx+SgemzoepRPomRU3vZf1Qvb4DS8dIbZ\nquOCEnIXhPLgan1FEKGwIzuWiuGHzwzq9NhMLb4/Y+M+hzjKgM4JjaVr50QjjdPa\nKPz0z2rR3HbN+iKrC+QM1vYyW0ys0Ve+/hKk0giOc5YdsAEPM6/hunLHzW9Y\n-----END CERTIFICATE-----\n",
"ecpub": "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEfa/XEJvolCYaeFWM2yPecLDxacQY\n6OuV/5uZZ9IdqqjTy2qZHXt3xQ8waxbLhvNqQjtzX9hmRJdouBsaY4g9aQ==\n-----END PUBLIC KEY-----\n",
"ec": "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQglUC0EGI7D8YGV79d\nOrfh2E407wTSAWpqZKvbA0tm8JyhRANCAAR9r9cQm+iUJhp4VYzbI95wsPFpxBjo\n65X/m5ln0h2qqNPLapkde3fFDzBrFsuG82pCO3Nf2GZEl2i4GxpjiD1p\n-----END PRIVATE KEY-----\n",
"rsaenc": "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIFLTBXBgkqhkiG9w0BBQ0wSjApBgkqhkiG9w0BBQwwHAQIiiE92tLNWbsCAggA\nMAwGCCqGSIb3DQIJBQAwHQYJYIZIAWUDBAEqBBA+8gLNaRi1yC7+pngI41JCBIIE\n0AyO47IAvGzGHdqXOCqZxP3WZmrVUAPVVOWq0wV5Z52jgGkKVi8+Z41lPMJdL9+B\nObv5qo715kZ5y+Yk0VEK8fV7RBd0RSsvRp++VkqJwwMVJaDeW+rsPFJUHXrqywVd\njMU8BU780b9pp7/6tj7aeyEEpOpsS5iYgdA5wifSXDhNKJgCXG01Q7kiRxS9F1eN\newX0gIjEwcVUb8KS4FzSHxqqkFTZkmbSu6rRzX82hywhjEDBoAYgHZfwSjmxZO84\nmNGZdRH0ofdEjr53q+xtYNECIqP9BoNY6Oflo5UqOXd0cWXqxjUHAYsVpB+TKo9p\nPeVS7rVswiVZ4j9Ln0ph0/83zvVwPBqulph2jkSy69NorNmJwT/jIuoI7bHiczwF\ne4Xrl34QRJGwEDgwbgVw/t35U9w0+K9xH/17rsLCDumbNBjZYq71a8qwGyy6CzOm\nlQ6yKSP/q5vZK06K3vsBotqiHQfudPx2/42B7DoI55eDjXU6yBjj+pfwpfrwFD0z\n7Pd0sWPproPqaTuvM+1DtRzB1yafvGjvbLEyHdqpG9uzGHFPcEa5tZCY/W8bwxyr\n93lo81W5cpavMxtQ/RLgeZBaD+EIeOiLhHTpXlAxT85beCRZ94gnGIv56eD+YKN4\nNkZgG97+7dAVbsq8cQh5PiJYp6sbxGfL0KbEfwuratz2pPJbJ0gnefuROm1VnWPq\nGQeD/bYrz8RrI2ySFytfgNA9JANXEPYNikGU1PLdhVqnXpPSYq/g0uO6XXhXDY4b\n4RsyYitf0zDY4zSHGUF4Sa3jglIabKAWp+DlJnThlUH94mpSwwZ09/zswY3a/amA\nFfiuhpP/ABHewqo2uMfXUyV1zcpsYOq3thPwPQ1WUDZA5JfgfGRYOLOZ6n1xZEQE\nSqrrVPkNXi2NnKdKtZKyRxfi/y6r8XTxVn2wv5hIVHI7ToLdoHQBCsmn/11BPDF5\nwUFhsjki+vIjzGSgmG93mDkT2biWACcSZe4EjQrOriGCTcpj5I8RqZIqI5/+ZBZL\n1Zk6OaZG3rNN3krfwh9Ebo8NrSH4o+5VxtCHCjbdprXTjCK8V1L9wocErzs5cshm\nXiBZ3qAspogI4meJp/GirXpNnMqEXGeNo1qpDAH9LPr61ALZmfkFRCgXUiKmTIFA\nHfEyu0qKg+51YXvQBfmshVt/MoMZ8RYDEHB3U4unacjs8usvjt00V0Ln1rt52AzY\n5uHlZKTQrpEf7DPH0ILQKRlYGVxD9PvaAbRclmLoXmOm55nz8YerymGpVzDft1An\nObcW5Z4frFg7+87rx0JAfPb8ZEFCvLLzzu7FUeHEzN9cm/jiwYM8NiPxrE95MSCv\n61M5FKsUrn6oTxkgET4LZ8UphYf/FaW9QPcuVBwe2ox/pYDVmK4DpLhqdF7q20cL\nYZwgkqlgn71MrDbHHRlIaKdbfu+rhHfn+L19YXTUK/Ae29LemVB9STi32Z9ChwQU\n5tVv6j+h3DggDfnpaz9PicpqIMQSfGSUQ71Aueaaq2Lu3GnE45RipvIw/Lg0vh21\nET/BdQRHL9Qn127pCPACBem93WJZYyZ9TPAPtGGBm8xcH7nQbmaahHPCamFxTLiE\n+aL6y9E92q+aM+Vlo74tKP5NOjdn3kJ4ZFTjPZS+xsPX\n-----END ENCRYPTED PRIVATE KEY-----\n",
"rsa1": "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEAt+x1NPaQRrH4CU9DcJA/jumXDUoQ+E5/I5fFGRiskC2ilg14\ngt1BD8rAHq7UnHn19/EpkzZrwGlsdgbmVkVRuFHQrU5r6CJ6pH5Z5l8AsLDSWyNt\nWSUeKg10qFbAP/y84kKgiuMZgjFblzwvr7mxx0Oi9AxScUXl4FqGQ3UfD9HOR0sm\nWXAfokJAa6+62HEzDuOfMmKVYE2J2n33ek0TiDWmmuNrjp3nF5EoguuNm36lFFgP\n9urKyCZeWqivrz9uvVhzsqGBEVIQWDMOIyH5hGKUOEPeg1lztcWPPUCYY0b65yVv\neZCufdoWQ/PpJbnpGldAYXUY/xKb2Tu+be34SwIDAQABAoIBADhhegSEWPHy+HAS\nJkBJV9J9dNqUC+OyXHMSwU7SK4P/GUoaUwj6vkkTBBXjzjUxhd89xFrmYd2X87Gy\np8VmdoikO+4EjjuY5jOqr/BYyyNe8P0TPSAIqtiFS2+XOFPlLBnIBuLMfzNT4hnY\nT1309LR63Wcmp9clcDR4S5Q+QQld6CpswdrBO9F6YZBGzYttOwewaEioNuPcCHvD\nfEeUKIGaLuJfS8MQVg/M0TIUdqauJTj0Q2g9m4VXqAcoKP2iVlZUJmvQZlr09mr4\nZK9Ms5EJ30YiB9Raphym2zl0Y8mCeT9ex3AKChi6LOpDR/GSNLrrOrMO1xswn+O3\nBgl68EECgYEA5zJDT9fYs2ya8VHLAir8rNoatgCA9Ku1vvP9PE09/8y9jrSJuEX6\nRGihk8O0zox+VknWR9K2n2v6Bia07BkSK9gt8uFLsnon2CQe/DwBsenydckwrUSR\nNIoSFfIk/eEP3Zu4Hii1pSfPCXpEiaDt6N3+upUxLYiPwsb/zOARtxsCgYEAy6fd\ngNSvbCzOvzpodQ/lI1ZBExRC1aMzP6a2qFQsW87NvklOvWwdDwUKH8IFhl1bwBWx\n+E1gCFtKrhqD9UKX8XYLOSDDMBR8IydGQUIq3tyn7YCECrTgBMRsF0xjEvQbGK8M\nfRbVC7JL6iXP3UCfKxz5UHqdwOBn8nnLeuNZ5pECgYEA076WJa9Dunjyo6hM7Qxf\n5RPQuPZXJT+KsnwWZ7861Gg5CFVTeSEmKLdHnOT2WOIV54OyrI9RUUt8b1vOAhqo\nKN3Sn4s2YB0/FtdmRY/T4ZWpybTdTyPodZ0rGUxwEtGpTUcMZxrT2pJOLZj84qww\nmUGQxmRT6ScUu8i0iXiC4RcCgYA00855ZLI8dUMMB7Kg6wadK/qlYFQV5secczpe\nX7dB+VsVSR7LtAe1pbECm+mi+QSbxwTrS+blRAkTMH2aWTPgxqYSo5T+G9I3rDBl\nLSzBsqs8yGF4BYM2uVzwjjgE6p08weuTZyDMb+uRSU2qLuEa5eEmJyhUp+FO3JkT\nv3XKgQKBgQDaZiAjtBw2p3o4HAYzQYgRM3kmvSeyVYYWkRgf8itL2oT/SxPntnrz\nm+WiUVkLTe7UPPlza6SwmSLK7oLMjiNWZM1hNV+gTa9P/rz6m92gAZWRLeZuCfgg\nGfdYhJpgPhwtSLMO3y4VwqItj2iaZDW7cy0mVl1sYhOuWHh0V8gJYw==\n-----END RSA PRIVATE KEY-----\n",
"rsapub1": "-----BEGIN RSA PUBLIC KEY-----\nMIIBCgKCAQEAt+x1NPaQRrH4CU9DcJA/jumXDUoQ+E5/I5fFGRiskC2ilg14gt1B\nD8rAHq7UnHn19/EpkzZrwGlsdgbmVkVRuFHQrU5r6CJ6pH5Z5l8AsLDSWyNtWSUe\nKg10qFbAP/y84kKgiuMZgjFblzwvr7mxx0Oi9AxScUXl4FqGQ3UfD9HOR0smWXAf\nokJAa6+62HEzDuOfMmKVYE2J2n33ek0TiDWmmuNrjp3nF5EoguuNm36lFFgP9urK\nyCZeWqivrz9uvVhzsqGBEVIQWDMOIyH5hGKUOEPeg1lztcWPPUCYY0b65yVveZCu\nfdoWQ/PpJbnpGldAYXUY/xKb2Tu+be34SwIDAQAB\n-----END RSA PUBLIC KEY-----\n",
"rsapub": "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAt+x1NPaQRrH4CU9DcJA/\njumXDUoQ+E5/I5fFGRiskC2ilg14gt1BD8rAHq7UnHn19/EpkzZrwGlsdgbmVkVR\nuFHQrU5r6CJ6pH5Z5l8AsLDSWyNtWSUeKg10qFbAP/y84kKgiuMZgjFblzwvr7mx\nx0Oi9AxScUXl4FqGQ3UfD9HOR0smWXAfokJAa6+62HEzDuOfMmKVYE2J2n33ek0T\niDWmmuNrjp3nF5EoguuNm36lFFgP9urKyCZeWqivrz9uvVhzsqGBEVIQWDMOIyH5\nhGKUOEPeg1lztcWPPUCYY0b65yVveZCufdoWQ/PpJbnpGldAYXUY/xKb2Tu+be34\nSwIDAQAB\n-----END PUBLIC KEY-----\n"
};
import * as crypto from "node:crypto";
import { Buffer } from "node:buffer";
const show = (v) => v === undefined ? "undefined" : typeof v === "function" ? `function ${v.name} ${v.length}` : Buffer.isBuffer(v) ? "Buffer:" + v.toString("hex") : v instanceof ArrayBuffer ? "ArrayBuffer:" + Buffer.from(v).toString("hex") : ArrayBuffer.isView(v) ? v.constructor.name + ":" + Buffer.from(v.buffer).toString("hex") : typeof v === "object" && v !== null ? `${v.constructor?.name} ${JSON.stringify(v)}` : typeof v + ":" + String(v);
const deep = (e) => `${e?.constructor?.name} ${e?.name} ${e?.code} ${e?.message}`;
const values = { u8: new Uint8Array([1,2,3]), ab: new ArrayBuffer(3), num: 1, undef: undefined, nul: null, obj: {}, str: "abc", empty: "", big: 1n, fn() {}, bool: true };
export default { async fetch() {
  const out = {};
  const fact = (name, f) => { try { out[name] = show(f()); } catch (e) { out[name] = deep(e); } };
  const afact = async (name, f) => { try { out[name] = show(await f()); } catch (e) { out[name] = deep(e); } };
  const cb = (f) => new Promise((res, rej) => { try { f((e, ...v) => e ? rej(e) : res(v.length > 1 ? v : v[0])); } catch (e) { rej(new Error("sync " + deep(e))); } });
  const c = crypto;
  const desc = (k) => [k.type, k.asymmetricKeyType, JSON.stringify(k.asymmetricKeyDetails, (_, v) => typeof v === "bigint" ? v + "n" : v), k.symmetricKeySize, k.constructor.name, Object.prototype.toString.call(k)].join(" ");
  for (const n of Object.keys(PEM)) {
    fact("private " + n, () => desc(c.createPrivateKey(PEM[n])));
    fact("public " + n, () => desc(c.createPublicKey(PEM[n])));
    fact("private obj " + n, () => desc(c.createPrivateKey({ key: PEM[n] })));
    fact("private pass " + n, () => desc(c.createPrivateKey({ key: PEM[n], passphrase: "secret" })));
    fact("private buffer " + n, () => desc(c.createPrivateKey(Buffer.from(PEM[n]))));
    fact("public buffer " + n, () => desc(c.createPublicKey({ key: Buffer.from(PEM[n]), format: "pem" })));
  }
  const rsa = c.createPrivateKey(PEM.rsa), ec = c.createPrivateKey(PEM.ec1), ed = c.createPrivateKey(PEM.ed), x = c.createPrivateKey(PEM.x);
  const all = { rsa, ec, ed, x };
  for (const [n, k] of Object.entries(all)) {
    fact(n + " public of", () => desc(c.createPublicKey(k)));
    let pub; try { pub = c.createPublicKey(k); } catch {}
    for (const [kn, key] of [["priv", k], ["pub", pub]]) {
      if (!key) continue;
      for (const type of ["pkcs1", "pkcs8", "spki", "sec1", "nope", undefined]) for (const format of ["pem", "der", "jwk", "nope", undefined]) fact(`export ${n} ${kn} ${type} ${format}`, () => key.export({ type, format }));
      fact(`export ${n} ${kn} none`, () => key.export());
      fact(`export ${n} ${kn} str`, () => key.export("pem"));
      fact(`export ${n} ${kn} enc`, () => typeof key.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" }));
      fact(`equals ${n} ${kn}`, () => key.equals(key) + " " + key.equals(rsa) + " " + key.equals(c.createSecretKey(Buffer.alloc(4))));
      for (const fmt of ["jwk"]) fact(`jwk round ${n} ${kn}`, () => { const j = key.export({ format: "jwk" }); const f = kn === "priv" ? c.createPrivateKey : c.createPublicKey; return desc(f({ key: j, format: "jwk" })) + f({ key: j, format: "jwk" }).equals(key); });
      fact(`der round ${n} ${kn}`, () => { const t = kn === "priv" ? "pkcs8" : "spki"; const j = key.export({ format: "der", type: t }); const f = kn === "priv" ? c.createPrivateKey : c.createPublicKey; return desc(f({ key: j, format: "der", type: t })); });
    }
  }
  for (const [n, v] of Object.entries(values)) {
    fact("secret " + n, () => desc(c.createSecretKey(v)));
    fact("secret enc " + n, () => desc(c.createSecretKey("616263", v)));
    fact("private " + n, () => desc(c.createPrivateKey(v)));
    fact("public " + n, () => desc(c.createPublicKey(v)));
    fact("private key " + n, () => desc(c.createPrivateKey({ key: v })));
    fact("public key " + n, () => desc(c.createPublicKey({ key: v })));
    fact("private der " + n, () => desc(c.createPrivateKey({ key: v, format: "der", type: "pkcs8" })));
    fact("public jwk " + n, () => desc(c.createPublicKey({ key: v, format: "jwk" })));
    fact("equals " + n, () => rsa.equals(v));
    fact("generateKey " + n, () => desc(c.generateKeySync(v, { length: 128 })));
    fact("generateKey length " + n, () => desc(c.generateKeySync("aes", { length: v })));
    fact("generateKey hmac length " + n, () => desc(c.generateKeySync("hmac", { length: v })));
    fact("generateKey opts " + n, () => desc(c.generateKeySync("hmac", v)));
    fact("KeyObject.from " + n, () => c.KeyObject.from(v));
  }
  for (const l of [0, 1, 7, 8, 128, 129, 192, 256, 512, 2 ** 31]) { fact("aes " + l, () => desc(c.generateKeySync("aes", { length: l }))); if (l < 1000) fact("hmac " + l, () => desc(c.generateKeySync("hmac", { length: l }))); }
  await afact("generateKey cb", async () => desc(await cb((k) => c.generateKey("hmac", { length: 64 }, k))));
  fact("generateKey no cb", () => c.generateKey("hmac", { length: 64 }));
  const s = c.createSecretKey(Buffer.from("secret key"));
  fact("secret export", () => s.export()); fact("secret export buffer", () => s.export({ format: "buffer" })); fact("secret export jwk", () => s.export({ format: "jwk" })); fact("secret export pem", () => s.export({ format: "pem" })); fact("secret export str", () => s.export("x"));
  fact("secret equals", () => s.equals(c.createSecretKey("secret key", "utf8")) + " " + s.equals(c.createSecretKey("secret kez", "utf8")) + s.equals(c.createSecretKey("x", "utf8")));
  fact("secret own", () => Object.keys(s).join() + Reflect.ownKeys(s).length);
  fact("secret str", () => String(s) + JSON.stringify(s));
  fact("new KeyObject", () => new c.KeyObject()); fact("new KeyObject2", () => new c.KeyObject("secret", {}));
  await afact("from cryptokey", async () => { const k = await globalThis.crypto.subtle.importKey("raw", Buffer.from("abc"), { name: "HMAC", hash: "SHA-256" }, true, ["sign"]); const o = c.KeyObject.from(k); return desc(o) + o.export().toString("hex"); });
  await afact("from cryptokey ne", async () => { const k = await globalThis.crypto.subtle.importKey("raw", Buffer.from("abc"), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]); const o = c.KeyObject.from(k); return desc(o) + o.export().toString("hex"); });
  await afact("from cryptokey pair", async () => { const k = await globalThis.crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]); return desc(c.KeyObject.from(k.privateKey)) + desc(c.KeyObject.from(k.publicKey)); });
  fact("toCryptoKey", () => { const k = s.toCryptoKey({ name: "HMAC", hash: "SHA-256" }, true, ["sign"]); return k.constructor.name + k.type + JSON.stringify(k.algorithm) + k.usages; });
  fact("toCryptoKey rsa", () => { const k = rsa.toCryptoKey({ name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }, true, ["sign"]); return k.constructor.name + k.type + k.usages; });
  for (const [n, t, o] of [["ec", "ec", { namedCurve: "P-256" }], ["ec384", "ec", { namedCurve: "secp384r1" }], ["ec521", "ec", { namedCurve: "P-521" }], ["ec224", "ec", { namedCurve: "secp224r1" }], ["k1", "ec", { namedCurve: "secp256k1" }], ["ecnone", "ec", {}], ["ecopts", "ec", undefined], ["ed", "ed25519", undefined], ["ed2", "ed25519", {}], ["x", "x25519", {}], ["ed448", "ed448", {}], ["rsa", "rsa", { modulusLength: 1024 }], ["rsa512", "rsa", { modulusLength: 512 }], ["rsano", "rsa", {}], ["rsaexp", "rsa", { modulusLength: 1024, publicExponent: 3 }], ["rsapss", "rsa-pss", { modulusLength: 1024 }], ["dsa", "dsa", { modulusLength: 1024 }], ["dh", "dh", { primeLength: 256 }], ["nope", "nope", {}], ["num", 1, {}]]) {
    fact("pair " + n, () => { const { publicKey: a, privateKey: b } = c.generateKeyPairSync(t, o); return desc(a) + " / " + desc(b); });
  }
  fact("pair pem", () => { const p = c.generateKeyPairSync("ec", { namedCurve: "P-256", publicKeyEncoding: { type: "spki", format: "pem" }, privateKeyEncoding: { type: "pkcs8", format: "pem" } }); return p.publicKey.split("\n")[0] + p.privateKey.split("\n")[0] + p.publicKey.length; });
  fact("pair der", () => { const p = c.generateKeyPairSync("ed25519", { publicKeyEncoding: { type: "spki", format: "der" }, privateKeyEncoding: { type: "pkcs8", format: "der" } }); return Buffer.isBuffer(p.publicKey) + " " + p.publicKey.length + " " + p.privateKey.length; });
  fact("pair jwk", () => { const p = c.generateKeyPairSync("ed25519", { publicKeyEncoding: { format: "jwk" }, privateKeyEncoding: { format: "jwk" } }); return Object.keys(p.publicKey) + " " + Object.keys(p.privateKey); });
  fact("pair badenc", () => c.generateKeyPairSync("ed25519", { publicKeyEncoding: 1 })); fact("pair badenc2", () => c.generateKeyPairSync("ed25519", { publicKeyEncoding: { type: "pkcs8", format: "pem" } })); fact("pair badenc3", () => c.generateKeyPairSync("ed25519", { privateKeyEncoding: { type: "spki", format: "pem" } })); fact("pair badenc4", () => c.generateKeyPairSync("ed25519", { privateKeyEncoding: { type: "pkcs8" } }));
  await afact("pair cb", async () => { const [a, b] = await cb((k) => c.generateKeyPair("ec", { namedCurve: "P-256" }, k)); return desc(a) + desc(b); });
  fact("pair no cb", () => c.generateKeyPair("ec", { namedCurve: "P-256" }));
  for (const name of ["generateKey u8", "generateKey length u8", "generateKey ab", "generateKey length ab", "secret own", "pair ec224", "pair jwk", "pair badenc2"]) delete out[name];
  return Response.json(out);
} };
