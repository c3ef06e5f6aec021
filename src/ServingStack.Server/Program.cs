using ServingStack.Server.Hosting;
using ServingStack.Server.Options;

if (OptionTable.AsksForHelp(args))
{
    Console.WriteLine(OptionTable.Help);
    return 0;
}

var app = ServerApplication.TryBuild(args, out var faults);
if (app is null)
{
    foreach (var fault in faults) Console.Error.WriteLine(fault);
    return 2;
}

await app.RunAsync().ConfigureAwait(false);
return 0;
