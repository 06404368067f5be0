// E30 Logging headers to the console, as a Map and one by one.
// class: as it is
// > GET / | x-a: 1
// < 200 || "x-a":"1" || "size":
export default {
  fetch(request) {
    console.log(new Map(request.headers));
    for (const pair of request.headers) console.log(pair);
    const map = new Map(request.headers);
    const object = Object.fromEntries(map);
    console.log(JSON.stringify([...request.headers], null, 2));
    return Response.json({ ...object, size: map.size });
  },
};
